-- Did anything but the AWS service itself answer: a certificate that does not chain to Amazon's roots, a wrong name, another server?
SELECT
  account,
  region,
  vpc_id,
  code,
  subject,
  services,
  because,
  min(started_at) AS first_seen,
  max(started_at) AS last_seen,
  count(DISTINCT machine) AS machines
FROM vpcheck.findings
WHERE code IN ('tls-intercepted', 'tls-name-mismatch', 'not-the-service', 'answer-not-endpoint', 'hosts-file-override')
GROUP BY account, region, vpc_id, code, subject, services, because
ORDER BY first_seen, account, region, code, subject
