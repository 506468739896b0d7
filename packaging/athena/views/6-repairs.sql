-- One row for each time a machine failed: from the first run that failed to the first that passed again, or open. An inconclusive run
-- neither begins one nor ends it.
CREATE OR REPLACE VIEW vpcheck.repairs AS
WITH judged AS (
  SELECT
    account,
    region,
    machine,
    started_at,
    run_id,
    verdict,
    lag(verdict) OVER (PARTITION BY account, region, machine ORDER BY started_at, run_id) AS verdict_before
  FROM vpcheck.runs
  WHERE verdict IN ('pass', 'fail')
),
turns AS (
  SELECT
    account,
    region,
    machine,
    started_at,
    verdict,
    lead(started_at) OVER (PARTITION BY account, region, machine ORDER BY started_at, run_id) AS next_turn_at
  FROM judged
  WHERE verdict_before IS NULL OR verdict_before <> verdict
)
SELECT
  account,
  region,
  machine,
  started_at AS failed_at,
  next_turn_at AS repaired_at,
  date_diff('second', started_at, next_turn_at) / 3600e0 AS hours
FROM turns
WHERE verdict = 'fail'
