-- What was the verdict of each machine at the end of a day, here seven days ago? For another day, say it in the first line; runs of
-- the 31 days before it count.
WITH asked AS (SELECT current_date - INTERVAL '7' DAY AS on_day),
numbered AS (
  SELECT
    runs.account,
    runs.region,
    runs.machine,
    runs.verdict,
    runs.started_at,
    row_number() OVER (
      PARTITION BY runs.account, runs.region, runs.machine ORDER BY runs.started_at DESC, runs.run_id DESC
    ) AS newest
  FROM vpcheck.runs AS runs
  CROSS JOIN asked
  WHERE
    runs.day <= date_format(asked.on_day, '%Y-%m-%d')
    AND runs.day > date_format(asked.on_day - INTERVAL '31' DAY, '%Y-%m-%d')
)
SELECT account, region, machine, verdict, started_at
FROM numbered
WHERE newest = 1
ORDER BY account, region, machine
