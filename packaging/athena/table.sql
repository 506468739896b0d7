-- What vpcheck delivered to s3://BUCKET/PREFIX: one line for each run, its evidence or its report.
-- The partitions are projected from the layout of the keys, so that nothing has to be crawled or added:
--   PREFIX/account=…/region=…/date=YYYY-MM-DD/NAME
-- ACCOUNTS and REGIONS are lists as in 111122223333,444455556666; SINCE is the first day, as in 2026-01-01.
-- `unknown` is where a run could not tell its account or its region.
CREATE EXTERNAL TABLE IF NOT EXISTS vpcheck.objects (
  line string COMMENT 'a DSSE envelope around an in-toto statement, or a report'
)
PARTITIONED BY (
  account string,
  region string,
  day string COMMENT 'the day of the run in UTC'
)
ROW FORMAT DELIMITED FIELDS TERMINATED BY '\001'
STORED AS TEXTFILE
LOCATION 's3://BUCKET/PREFIX/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.account.type' = 'enum',
  'projection.account.values' = 'ACCOUNTS,unknown',
  'projection.region.type' = 'enum',
  'projection.region.values' = 'REGIONS,unknown',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy-MM-dd',
  'projection.day.range' = 'SINCE,NOW',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://BUCKET/PREFIX/account=${account}/region=${region}/date=${day}'
)
