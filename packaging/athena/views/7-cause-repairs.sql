-- One row for each time a cause failed a machine: from the first run that found it to the first that did not any more, or open. What
-- it is about counts as well: two endpoints with the same fault are two rows. Inconclusive runs are left out.
CREATE OR REPLACE VIEW vpcheck.cause_repairs AS
WITH judged AS (
  SELECT
    account,
    region,
    machine,
    started_at,
    findings,
    row_number() OVER (PARTITION BY account, region, machine ORDER BY started_at, run_id) AS place,
    lead(started_at) OVER (PARTITION BY account, region, machine ORDER BY started_at, run_id) AS next_run_at
  FROM vpcheck.runs
  WHERE verdict IN ('pass', 'fail')
),
found AS (
  SELECT DISTINCT
    judged.account,
    judged.region,
    judged.machine,
    json_extract_scalar(item.finding, '$.code') AS code,
    json_extract_scalar(item.finding, '$.subject') AS subject,
    judged.place,
    judged.started_at,
    judged.next_run_at
  FROM judged
  CROSS JOIN UNNEST(CAST(json_parse(judged.findings) AS array(json))) AS item (finding)
  WHERE json_extract_scalar(item.finding, '$.severity') = 'fail'
),
stretches AS (
  SELECT
    account,
    region,
    machine,
    code,
    subject,
    started_at,
    next_run_at,
    place - row_number() OVER (PARTITION BY account, region, machine, code, subject ORDER BY place) AS stretch
  FROM found
),
episodes AS (
  SELECT
    account,
    region,
    machine,
    code,
    subject,
    min(started_at) AS found_at,
    -- Only a machine's last run has none after it.
    CASE WHEN count(next_run_at) = count(*) THEN max(next_run_at) END AS gone_at
  FROM stretches
  GROUP BY account, region, machine, code, subject, stretch
)
SELECT
  account,
  region,
  machine,
  code,
  subject,
  found_at,
  gone_at,
  date_diff('second', found_at, gone_at) / 3600e0 AS hours
FROM episodes
