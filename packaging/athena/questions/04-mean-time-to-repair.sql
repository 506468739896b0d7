-- How long did it take until a machine that failed passed again: mean, median and longest, for each account and month? What is open yet
-- has no time; it is counted.
SELECT
  account,
  date_format(failed_at, '%Y-%m') AS month,
  count(*) AS failures,
  count_if(repaired_at IS NULL) AS still_open,
  avg(hours) AS mean_hours,
  approx_percentile(hours, 0.5) AS median_hours,
  max(hours) AS longest_hours
FROM vpcheck.repairs
GROUP BY account, date_format(failed_at, '%Y-%m')
ORDER BY account, month
