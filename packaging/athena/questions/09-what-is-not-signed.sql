-- Which runs of the last month left nothing that is signed: no evidence, or evidence whose key was out of reach? Whether a signature is
-- right is what `vpcheck verify` proves; this says where there is none.
SELECT
  account,
  region,
  machine,
  count(*) AS runs,
  count_if(NOT is_evidence) AS without_evidence,
  count_if(is_evidence AND signed_by IS NULL) AS without_signature,
  max(started_at) AS last_one
FROM vpcheck.runs
WHERE
  signed_by IS NULL
  AND day >= date_format(current_date - INTERVAL '31' DAY, '%Y-%m-%d')
GROUP BY account, region, machine
ORDER BY account, region, machine
