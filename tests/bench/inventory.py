"""What ten thousand agents ask of the APIs a minute, each for itself and with an inventory that they share."""

import json
import subprocess

COMMAND = ["cargo", "test", "--locked", "--quiet", "--lib", "simulation", "--", "--nocapture"]
NAMES = {"EC2": "each reads its own from the EC2 API", "S3": "one is shared in S3", "SSM": "one is shared in Parameter Store"}


def take(figures, stage, options):
    """The decisions are those of the program, the services token buckets as AWS documents them."""
    ran = subprocess.run(COMMAND, capture_output=True, text=True)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("SIMULATION ")]
    simulated = json.loads(lines[0].removeprefix("SIMULATION ")) if lines else {"agents": 0, "fleets": []}
    figures.part(f"API calls of {simulated['agents']:,} agents")
    figures.holds_that("the simulation ran", ran.returncode == 0 and bool(lines), ran.stdout[-500:] + ran.stderr[-500:])
    for source, name in NAMES.items():
        figures.say(name)
        for fleet in simulated["fleets"]:
            if fleet["from"] != source:
                continue
            figures.say(f"  {fleet['runs']:<34} {fleet['calls_a_minute']:>9,} calls a minute, {fleet['most_a_minute']:>9,} at the most; "
                        f"{fleet['throttled']:,} of {fleet['count']:,} runs throttled")
            if source != "EC2":
                figures.most("  runs throttled", [fleet["throttled"]], 0, "runs")
