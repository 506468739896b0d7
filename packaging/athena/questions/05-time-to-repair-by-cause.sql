-- Which causes take longest to be repaired?
SELECT
  code,
  count(*) AS times,
  count_if(gone_at IS NULL) AS still_open,
  count(DISTINCT machine) AS machines,
  avg(hours) AS mean_hours,
  max(hours) AS longest_hours
FROM vpcheck.cause_repairs
GROUP BY code
ORDER BY mean_hours DESC, code
