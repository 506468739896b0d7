-- One row for each service of each run: its verdict and the way to it.
CREATE OR REPLACE VIEW vpcheck.services AS
SELECT
  runs.account,
  runs.region,
  runs.day,
  runs.started_at,
  runs.run_id,
  runs.machine,
  runs.vpc_id,
  json_extract_scalar(item.service, '$.service') AS service,
  json_extract_scalar(item.service, '$.service_name') AS service_name,
  json_extract_scalar(item.service, '$.required') = 'true' AS required,
  json_extract_scalar(item.service, '$.verdict') AS verdict,
  json_extract_scalar(item.service, '$.route') AS route,
  json_extract_scalar(item.service, '$.endpoint.id') AS endpoint_id
FROM vpcheck.runs AS runs
CROSS JOIN UNNEST(CAST(json_parse(runs.services) AS array(json))) AS item (service)
