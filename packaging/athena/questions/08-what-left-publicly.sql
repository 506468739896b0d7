-- When were services reached over public addresses, from where, for how long? Nothing here is the answer to hope for. What went through a
-- gateway endpoint is not among it.
SELECT
  account,
  region,
  vpc_id,
  service,
  route,
  min(started_at) AS first_seen,
  max(started_at) AS last_seen,
  count(DISTINCT machine) AS machines,
  count(*) AS runs
FROM vpcheck.services
WHERE
  route IN ('public', 'mixed')
  AND day >= date_format(current_date - INTERVAL '92' DAY, '%Y-%m-%d')
GROUP BY account, region, vpc_id, service, route
ORDER BY account, region, vpc_id, service, route
