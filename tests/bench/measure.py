#!/usr/bin/env python3
"""Run a command again and again and hold its wall time and peak memory against two bars.

measure.py --runs N --name WORD --milliseconds BAR --megabytes BAR COMMAND...
@HOME@ in the command is $HOME, which inside the lab is the lab's directory. The time is from before the process is
made until it has ended; the memory is the largest resident set that the kernel saw. Exits 1 where a bar is broken,
2 where the command does not exit with 0.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time


def run(command):
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.stderr.write(said.decode(errors="replace"))
        print(f"the command exited with {process.returncode}", file=sys.stderr)
        sys.exit(2)
    return seconds * 1000, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--milliseconds", type=float, required=True)
    parser.add_argument("--megabytes", type=float, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = [word.replace("@HOME@", os.environ["HOME"]) for word in options.command]

    run(command)  # the first one reads the binary from the disk
    times, sizes = zip(*(run(command) for _ in range(max(2, options.runs))))
    quartiles = statistics.quantiles(times, n=4)
    median, largest = statistics.median(times), max(sizes)
    print(f"{options.name} build, {len(times)} runs")
    print(
        f"wall time    median {median:.1f} ms, middle half {quartiles[0]:.1f} to {quartiles[2]:.1f} ms, "
        f"all {min(times):.1f} to {max(times):.1f} ms (bar {options.milliseconds:.0f} ms)"
    )
    print(f"peak memory  {largest:.1f} MB, median {statistics.median(sizes):.1f} MB (bar {options.megabytes:.0f} MB)")
    kept = median <= options.milliseconds and largest <= options.megabytes
    print("both bars kept" if kept else "a bar is broken")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
