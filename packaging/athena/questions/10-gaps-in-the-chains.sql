-- Is a chain of evidence broken: is a file missing, is one there twice, or is the digest that a file tells of the one before it another?
-- Each row is a file whose predecessor is not what it says. Of what a bucket's retention removed, the first file that is left is named
-- once; so is a file before which the run itself found the chain's head wrong.
WITH linked AS (
  SELECT
    account,
    region,
    chain,
    sequence,
    run_id,
    object,
    previous_sha256,
    chain_break,
    lag(sequence) OVER (PARTITION BY chain ORDER BY sequence, run_id) AS sequence_before,
    lag(file_sha256) OVER (PARTITION BY chain ORDER BY sequence, run_id) AS sha256_before
  FROM vpcheck.runs
  WHERE is_evidence
)
SELECT
  account,
  region,
  chain,
  sequence,
  CASE
    WHEN chain_break IS NOT NULL THEN chain_break
    WHEN sequence_before IS NULL THEN 'the first file that is left'
    WHEN sequence_before = sequence THEN 'there twice'
    WHEN sequence_before < sequence - 1 THEN 'files before it are missing'
    ELSE 'the file before it is another'
  END AS problem,
  object
FROM linked
WHERE
  chain_break IS NOT NULL
  OR (sequence_before IS NULL AND sequence > 1)
  OR sequence_before <> sequence - 1
  OR sha256_before <> previous_sha256
ORDER BY account, region, chain, sequence
