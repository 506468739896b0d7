"""Figures and the bars they are held against, one line each."""

import statistics


class Figures:
    """What was measured so far, and how many bars it kept."""

    def __init__(self, holds):
        self.holds = holds
        self.passed = self.failed = 0

    def part(self, title):
        print(f"\n== {title}")

    def say(self, text):
        print(f"   {text}")

    def most(self, name, values, bar, unit, how=""):
        """The median of the values is at most the bar."""
        self._line(name, values, bar, unit, how, statistics.median(values) <= bar, "at most")

    def least(self, name, values, bar, unit, how=""):
        """The median of the values is at least the bar."""
        self._line(name, values, bar, unit, how, statistics.median(values) >= bar, "at least")

    def holds_that(self, name, is_so, otherwise=""):
        """Something that is so or not, without a number."""
        print(f"   {name}  {self._judged(is_so)}" + ("" if is_so or not otherwise else f": {otherwise}"))

    def seen(self, name, values, unit):
        """A figure without a bar."""
        print(f"   {name:<46} {spread(values, unit)}")

    def _line(self, name, values, bar, unit, how, kept, word):
        how = f" ({how})" if how else ""
        print(f"   {name:<46} {spread(values, unit)}; {word} {number(bar)} {unit}{how}  {self._judged(kept)}")

    def _judged(self, kept):
        if not self.holds:
            return "not held"
        self.passed += kept
        self.failed += not kept
        return "ok" if kept else "BROKEN"


def number(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value % 1 else f"{value:.0f}"


def spread(values, unit):
    """Median, middle half, extremes."""
    median = statistics.median(values)
    if len(values) < 2:
        return f"{number(median)} {unit}"
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (f"median {number(median)} {unit}, middle half {number(low)} to {number(high)}, "
            f"all {number(min(values))} to {number(max(values))}, {len(values)} runs")


def median(taken, what):
    """The median of one thing of many runs."""
    return statistics.median(run[what] for run in taken)


def column(taken, what):
    return [run[what] for run in taken]
