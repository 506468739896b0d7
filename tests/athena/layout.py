"""A bucket as vpcheck fills it, read as Athena reads it: by projected partitions, a line a row."""

import itertools
import json
import re
import subprocess
from datetime import date, datetime, timedelta, timezone
from pathlib import Path


def deliveries(demo, directory, runs):
    """Plays runs in the lab whose deliveries wait in a spool, and lays them out by their keys."""
    spool, bucket = directory / "spool", directory / "bucket"
    for fault, further in runs:
        wished = ["--fault", fault] if fault else []
        command = [demo, *wished, "--deliver", "s3://evidence/vpc", "--spool", spool, "--deadline", "8s", *further]
        ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if ran.returncode not in (0, 1, 3):
            raise RuntimeError(f"{command}: {ran.stderr}")
    for parcel in sorted(spool.glob("*.parcel.json")):
        load = json.loads(parcel.read_text())["load"]
        path = bucket / load["target"]["bucket"] / load["key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(load["body"])
    return bucket


def projected(properties, partitions):
    """Every partition that the table's properties project, with its location."""
    domains = []
    for name in partitions:
        kind = properties[f"projection.{name}.type"]
        if kind == "enum":
            domains.append(properties[f"projection.{name}.values"].split(","))
        elif kind == "date":
            assert properties[f"projection.{name}.format"] == "yyyy-MM-dd"
            assert properties[f"projection.{name}.interval.unit"] == "DAYS"
            first, last = properties[f"projection.{name}.range"].split(",")
            assert last == "NOW"
            first = date.fromisoformat(first)
            days = (datetime.now(timezone.utc).date() - first).days
            domains.append([(first + timedelta(days=n)).isoformat() for n in range(days + 1)])
        else:
            raise AssertionError(kind)
    template = properties["storage.location.template"]
    for values in itertools.product(*domains):
        location = template
        for name, value in zip(partitions, values):
            location = location.replace(f"${{{name}}}", value)
        assert "${" not in location, location
        yield values, location


def rows(bucket, properties, partitions):
    """The rows that Athena finds: each line of each object below each partition's location."""
    for values, location in projected(properties, partitions):
        place = bucket / location.removeprefix("s3://")
        for path in sorted(place.glob("*")) if place.is_dir() else []:
            name = f"{location}/{path.name}"
            for line in path.read_bytes().decode().split("\n"):
                # Text files end with a line feed, after which there is no line.
                if line:
                    yield (*values, name, line)


def keys(bucket):
    return sorted(str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())


def is_key(text):
    return re.fullmatch(r"evidence/vpc/account=\d{12}/region=[a-z0-9-]+/date=\d{4}-\d\d-\d\d/[\w.-]+\.json", text)


def objects(path):
    return Path(path).read_bytes()
