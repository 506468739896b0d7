"""One report of 100,000 machines' reports in a directory: time, reports in a second, memory."""

import json
import os
import pathlib
import subprocess
import tempfile

from process import once
from stage import HERE

REPORTS = 100_000
SECONDS = 30
MEGABYTES = 200
# Where machines are: so many accounts, VPCs in each and subnets in those.
PLACES = (4, 5, 6)


def take(figures, stage, options):
    figures.part(f"One report of {REPORTS:,} machines' reports, on two processors")
    count = REPORTS // 20 if options.debug else REPORTS
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as scratch:
        scratch = pathlib.Path(scratch)
        worlds = recorded(stage, options.facts or HERE / "facts")
        size = fill(scratch / "bucket", worlds, count)
        figures.say(f"{count:,} reports of {len(worlds)} worlds, {size / count / 1000:.0f} kB each")
        command = ["taskset", "-c", "0,1", stage.vpcheck, "fleet", "report", scratch / "bucket"]
        kept = scratch / "fleet.json"
        with kept.open("wb") as written:
            once([*command, "-o", "json"], codes=(0, 1, 3), kept=written)
        told = json.loads(kept.read_bytes())
        figures.holds_that("every machine is there", told["machines"]["total"] == len(told["machine_list"]) == count,
                           str(told["machines"]))
        page = scratch / "fleet.html"
        once([*command, "-o", f"html={page}"], codes=(0, 1, 3))
        figures.seen("the page", [page.stat().st_size / 1e6], "MB")
        taken = [once(command, codes=(0, 1, 3)) for _ in range(min(3, options.runs))]
    seconds = [run["milliseconds"] / 1000 for run in taken]
    figures.seen("reports in a second", [count / each for each in seconds], "/s")
    figures.most(f"wall time for {count:,} reports", seconds, SECONDS, "s")
    figures.most("most memory", [run["megabytes"] for run in taken], MEGABYTES, "MB")


def recorded(stage, facts):
    """The reports of recorded runs, each as a text with places to fill in."""
    files = sorted(facts.glob("*.json"))[:50]
    lines = subprocess.run([stage.vpcheck, "replay", *files, "-o", "json"], stdout=subprocess.PIPE).stdout.splitlines()
    return [json.loads(line) for line in lines]


def fill(directory, worlds, count):
    """Writes reports as deliveries lie in a bucket: by account, Region and date."""
    accounts, vpcs, subnets = PLACES
    texts = []
    for world in worlds:
        world["run_id"] = "RUN-ID"
        world["environment"] |= {"account_id": "ACCOUNT", "instance_id": "INSTANCE", "vpc_id": "VPC", "subnet_id": "SUBNET"}
        texts.append(json.dumps(world, separators=(",", ":")))
    size = 0
    for n in range(count):
        account = f"{100000000000 + n % accounts}"
        vpc = f"vpc-{n % accounts}{n // accounts % vpcs:016x}"
        filled = {
            "RUN-ID": f"01a1fd6d-db0d-701b-{n:016x}", "ACCOUNT": account, "INSTANCE": f"i-{n:017x}", "VPC": vpc,
            "SUBNET": f"subnet-{vpc[4:]}{n // accounts // vpcs % subnets}",
        }
        text = texts[n % len(texts)]
        for place, value in filled.items():
            text = text.replace(f'"{place}"', f'"{value}"')
        # Some hundred files in each, as a day of machines leaves them.
        folder = directory / f"account={account}" / "region=us-east-1" / f"date=2026-{n // 9000 % 12 + 1:02}-{n // 300 % 28 + 1:02}"
        folder.mkdir(parents=True, exist_ok=True)
        size += (folder / f"{n:06}.json").write_text(text)
    return size
