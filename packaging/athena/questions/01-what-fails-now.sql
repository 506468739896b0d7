-- Which machines do not reach their services privately now, and why?
SELECT
  latest.account,
  latest.region,
  latest.vpc_id,
  latest.machine,
  latest.started_at,
  findings.code,
  findings.subject,
  findings.services,
  findings.title
FROM vpcheck.current_verdicts AS latest
JOIN vpcheck.findings AS findings
  ON findings.account = latest.account
  AND findings.region = latest.region
  AND findings.run_id = latest.run_id
WHERE
  latest.verdict = 'fail'
  AND findings.severity = 'fail'
  AND findings.day >= date_format(current_date - INTERVAL '31' DAY, '%Y-%m-%d')
ORDER BY latest.account, latest.region, latest.machine, findings.code, findings.subject
