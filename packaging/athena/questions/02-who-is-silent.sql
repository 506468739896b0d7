-- Which machines reported in the last month, and not in the last two days? A machine that is gone is one of them; so is one whose
-- schedule is broken. No verdict is no pass.
SELECT account, region, vpc_id, machine, verdict AS last_verdict, started_at AS last_seen, hours_ago
FROM vpcheck.current_verdicts
WHERE hours_ago > 48
ORDER BY hours_ago DESC, account, region, machine
