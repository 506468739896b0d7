"""How many recorded runs one processor judges in a second."""

import os
import pathlib
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

from process import once
from stage import HERE

FILES = 10_000
# Every so many scenarios are recorded, where no recorded facts are given.
STEP = 8


def take(figures, stage, options):
    figures.part(f"Judging {FILES:,} recorded runs on one processor")
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as scratch:
        scratch = pathlib.Path(scratch)
        recorded = sorted(options.facts.glob("*.json")) if options.facts else record(stage, scratch / "recorded")
        fleet = scratch / "fleet"
        fleet.mkdir()
        files = FILES // 20 if options.debug else FILES
        for at in range(files):
            source = recorded[at % len(recorded)]
            link(source, fleet / f"{at:05}-{source.name}")
        size = sum(file.stat().st_size for file in fleet.iterdir())
        figures.say(f"{files:,} files of {len(recorded)} worlds, {size / files / 1000:.0f} kB each")
        command = ["taskset", "-c", "0", stage.vpcheck, "replay", fleet, "-o", "json"]
        lines = scratch / "lines"
        with lines.open("wb") as kept:
            once(command, codes=(0, 1, 3), kept=kept)
        with lines.open("rb") as kept:
            reports = sum(1 for _ in kept)
        figures.holds_that("one line for each", reports == files, f"{reports} lines")
        lines.unlink()
        taken = [once(command, codes=(0, 1, 3)) for _ in range(min(3, options.runs))]
    rates = [files / run["milliseconds"] * 1000 for run in taken]
    figures.least("recorded runs in a second", rates, 2000, "/s")
    figures.seen("most memory", [run["megabytes"] for run in taken], "MB")


def link(source, target):
    """The same file under another name; a copy where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def record(stage, directory):
    """Facts of worlds of every kind, with those that tests/bench/instructions counts by."""
    directory.mkdir()
    names = sorted(file.stem for file in (HERE.parent / "scenarios").glob("*.toml"))[::STEP]

    def one(name):
        # How the check ends is not what this is about: some worlds end it before there are facts.
        subprocess.run([stage.demo, "--fault", name, "--save-facts", directory / f"{name}.json"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(one, names))
    for file in (HERE / "facts").glob("*.json"):
        link(file, directory / file.name)
    return sorted(directory.glob("*.json"))
