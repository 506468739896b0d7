-- The current verdict of each machine: that of its last run in the last 31 days, and how long ago that was.
CREATE OR REPLACE VIEW vpcheck.current_verdicts AS
SELECT
  account,
  region,
  machine,
  kind,
  vpc_id,
  subnet_id,
  verdict,
  failures,
  warnings,
  started_at,
  date_diff('hour', started_at, CAST(current_timestamp AT TIME ZONE 'UTC' AS timestamp)) AS hours_ago,
  run_id,
  signed_by,
  tool_version
FROM (
  SELECT
    *,
    row_number() OVER (PARTITION BY account, region, machine ORDER BY started_at DESC, run_id DESC) AS newest
  FROM vpcheck.runs
  WHERE day >= date_format(current_date - INTERVAL '31' DAY, '%Y-%m-%d')
) AS numbered
WHERE newest = 1
