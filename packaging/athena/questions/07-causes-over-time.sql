-- Which causes came and went in the last quarter: on how many machines was each found, week by week?
SELECT
  date_format(date_trunc('week', CAST(day AS date)), '%Y-%m-%d') AS week,
  code,
  severity,
  count(DISTINCT machine) AS machines
FROM vpcheck.findings
WHERE day >= date_format(current_date - INTERVAL '92' DAY, '%Y-%m-%d')
GROUP BY date_trunc('week', CAST(day AS date)), code, severity
ORDER BY week, machines DESC, code, severity
