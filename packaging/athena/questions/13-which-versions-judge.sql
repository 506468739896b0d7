-- Which versions of the program and of its rules judged in the last month, on how many machines, and is each program file one of a
-- release?
SELECT
  tool_version,
  rules_version,
  program_sha256,
  count(DISTINCT machine) AS machines,
  count(*) AS runs,
  max(started_at) AS last_run
FROM vpcheck.runs
WHERE day >= date_format(current_date - INTERVAL '31' DAY, '%Y-%m-%d')
GROUP BY tool_version, rules_version, program_sha256
ORDER BY tool_version, rules_version, program_sha256
