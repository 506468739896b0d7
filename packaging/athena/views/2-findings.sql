-- One row for each finding of each run.
CREATE OR REPLACE VIEW vpcheck.findings AS
SELECT
  runs.account,
  runs.region,
  runs.day,
  runs.started_at,
  runs.run_id,
  runs.machine,
  runs.vpc_id,
  runs.verdict,
  json_extract_scalar(item.finding, '$.code') AS code,
  json_extract_scalar(item.finding, '$.severity') AS severity,
  json_extract_scalar(item.finding, '$.subject') AS subject,
  json_extract_scalar(item.finding, '$.title') AS title,
  json_extract_scalar(item.finding, '$.because') AS because,
  array_join(CAST(json_extract(item.finding, '$.services') AS array(varchar)), ', ') AS services
FROM vpcheck.runs AS runs
CROSS JOIN UNNEST(CAST(json_parse(runs.findings) AS array(json))) AS item (finding)
