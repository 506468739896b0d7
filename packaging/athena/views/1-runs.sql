-- One row for each run, from its evidence or its report. Say a day, an account or a region where you can: what is not asked for
-- is not read. Times are UTC; a view holds neither time zones nor JSON, since Hive's types have none.
CREATE OR REPLACE VIEW vpcheck.runs AS
WITH statements AS (
  SELECT
    account,
    region,
    day,
    "$path" AS object,
    line,
    CASE
      WHEN json_extract_scalar(line, '$.payloadType') = 'application/vnd.in-toto+json'
      THEN from_utf8(from_base64(json_extract_scalar(line, '$.payload')))
    END AS statement
  FROM vpcheck.objects
  -- An object of a version that wrote reports on many lines is none that can be read: see questions/14.
  WHERE line LIKE '{"%}'
),
reports AS (
  SELECT
    account,
    region,
    day,
    object,
    line,
    statement,
    CASE WHEN statement IS NULL THEN json_parse(line) ELSE json_extract(statement, '$.predicate.report') END AS report
  FROM statements
  WHERE statement IS NULL OR json_extract_scalar(statement, '$.predicateType') = 'urn:vpcheck:evidence:1'
)
SELECT
  account,
  region,
  day,
  CAST(from_iso8601_timestamp(json_extract_scalar(report, '$.started_at')) AS timestamp) AS started_at,
  json_extract_scalar(report, '$.run_id') AS run_id,
  coalesce(
    json_extract_scalar(report, '$.environment.task_arn'),
    json_extract_scalar(report, '$.environment.instance_id'),
    json_extract_scalar(report, '$.environment.addresses[0]'),
    'this host'
  ) AS machine,
  json_extract_scalar(report, '$.environment.kind') AS kind,
  json_extract_scalar(report, '$.environment.vpc_id') AS vpc_id,
  json_extract_scalar(report, '$.environment.subnet_id') AS subnet_id,
  json_extract_scalar(report, '$.environment.availability_zone') AS availability_zone,
  json_extract_scalar(report, '$.verdict') AS verdict,
  CAST(json_extract_scalar(report, '$.summary.findings.fail') AS bigint) AS failures,
  CAST(json_extract_scalar(report, '$.summary.findings.warn') AS bigint) AS warnings,
  json_extract_scalar(report, '$.tool.version') AS tool_version,
  statement IS NOT NULL AS is_evidence,
  json_extract_scalar(line, '$.signatures[0].keyid') AS signed_by,
  json_extract_scalar(statement, '$.predicate.rules_version') AS rules_version,
  json_extract_scalar(statement, '$.predicate.tool.sha256') AS program_sha256,
  json_extract_scalar(statement, '$.predicate.chain.id') AS chain,
  CAST(json_extract_scalar(statement, '$.predicate.chain.sequence') AS bigint) AS sequence,
  json_extract_scalar(statement, '$.predicate.chain.previous.sha256') AS previous_sha256,
  json_extract_scalar(statement, '$.predicate.chain.break') AS chain_break,
  -- The file's own digest: the line with its line feed.
  CASE WHEN statement IS NOT NULL THEN lower(to_hex(sha256(to_utf8(concat(line, chr(10)))))) END AS file_sha256,
  object,
  json_format(json_extract(report, '$.findings')) AS findings,
  json_format(json_extract(report, '$.services')) AS services
FROM reports
