#!/usr/bin/env python3
"""Takes the figures of the parts that are named, and holds them against their bars. `tests/bench/run` starts it."""

import argparse
import pathlib
import sys

import against
import cost
import fleet
import inventory
import latency
import replay
import scale
import silence
from figures import Figures
from stage import Stage

PARTS = {part.__name__: part for part in (latency, against, silence, cost, scale, replay, inventory, fleet)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vpcheck", type=pathlib.Path, required=True)
    parser.add_argument("--demo", type=pathlib.Path, required=True)
    parser.add_argument("--static", type=pathlib.Path)
    parser.add_argument("--facts", type=pathlib.Path)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("parts", nargs="+", choices=PARTS)
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    options.runs = max(2, options.runs)
    figures = Figures(holds=not options.debug)
    if options.debug:
        print("The dev build: figures are printed, and no bar is held.")
    for part in options.parts:
        PARTS[part].take(figures, Stage(options.demo, options.vpcheck), options)
    print(f"\n{figures.passed} passed, {figures.failed} failed")
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())
