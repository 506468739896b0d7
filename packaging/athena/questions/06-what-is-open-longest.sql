-- What is not repaired yet, and since when?
SELECT
  account,
  region,
  machine,
  code,
  subject,
  found_at,
  date_diff('hour', found_at, CAST(current_timestamp AT TIME ZONE 'UTC' AS timestamp)) AS hours_open
FROM vpcheck.cause_repairs
WHERE gone_at IS NULL
ORDER BY found_at, account, region, machine, code, subject
