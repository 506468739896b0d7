-- Which share of the machines passed every run of the day, for each account and day of the last quarter?
SELECT
  account,
  day,
  count(*) AS machines,
  count_if(worst = 1) AS passed,
  100e0 * count_if(worst = 1) / count(*) AS percent
FROM (
  SELECT
    account,
    day,
    region,
    machine,
    max(CASE verdict WHEN 'pass' THEN 1 WHEN 'inconclusive' THEN 2 ELSE 3 END) AS worst
  FROM vpcheck.runs
  WHERE day >= date_format(current_date - INTERVAL '92' DAY, '%Y-%m-%d')
  GROUP BY account, day, region, machine
) AS machines
GROUP BY account, day
ORDER BY account, day
