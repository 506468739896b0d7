-- Causes over time: on how many machines each was found on each day, and in how many runs.
CREATE OR REPLACE VIEW vpcheck.causes_by_day AS
SELECT
  account,
  region,
  day,
  code,
  severity,
  count(DISTINCT machine) AS machines,
  count(DISTINCT run_id) AS runs
FROM vpcheck.findings
GROUP BY account, region, day, code, severity
