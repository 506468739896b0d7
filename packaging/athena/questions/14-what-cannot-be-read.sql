-- Which objects are none of these questions' part, since their lines are no documents? Reports that an early version delivered, which
-- wrote them on many lines, and whatever else somebody put there.
SELECT account, region, day, "$path" AS object, count(*) AS lines
FROM vpcheck.objects
WHERE line NOT LIKE '{"%}'
GROUP BY account, region, day, "$path"
ORDER BY account, region, day, object
