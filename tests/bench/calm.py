"""Waits for moments in which the processors are at their own speed, and measures then.

A virtual processor is half of a core. While a neighbour's program keeps the other half busy, everything here takes half as
long again, for a second or for minutes, and no counter of this machine shows it. Fixed pieces of work do: a run that is
begun or ended while they take longer than they can is passed over and counted, and the bars stay what they are.
"""

import functools
import mmap
import os
import time

from process import round_of

# How often the loop of one fixed piece of work goes round, and how much fresh memory the other writes to: about 2 ms each.
WORK, MEMORY = 30_000, 2 << 20
# So much longer than the least counts as slowed, by the piece of work.
SLOWED = (1.15, 1.25)
# Of many processors, these are looked at.
PROCESSORS = sorted(os.sched_getaffinity(0))[:4]
# For so many seconds a run's moment is waited for, and all runs of one part may take. What is not calm by then is taken as
# it is.
WAIT, PATIENCE = 5, 150
# What takes as many milliseconds is disturbed in any case.
LONG = 1000
# For so many seconds the least is looked for; for as few, where it is seen that it is not always the same.
LOOK_AT_MOST, LOOK_AT_LEAST = 30, 3


@functools.cache
def least():
    """What the fixed pieces of work take at the processors' own speed, in seconds."""
    began, speed, most = time.monotonic(), Speed((float("inf"), float("inf"))), 0
    while True:
        most = max(most, speed.look()[0])
        looked = time.monotonic() - began
        if looked > LOOK_AT_MOST or looked > LOOK_AT_LEAST and most > 1.3 * speed.least[0]:
            return speed.least
        time.sleep(0.02)


def undisturbed(commands, runs, least, codes=(0,)):
    """Runs commands by name, one after the other and again, so that what disturbs the machine disturbs all of them; of runs in
    which the processors were at their own speed. And how many others were passed over."""
    speed = Speed(least)
    taken, passed_over, until = {name: [] for name in commands}, 0, time.monotonic() + PATIENCE
    # The first round reads the programs from the disk and is not counted.
    round_of(commands, codes)
    while waiting := {name: command for name, command in commands.items() if len(taken[name]) < runs}:
        for name, command in waiting.items():
            is_late = time.monotonic() > until
            if not is_late:
                speed.wait()
            took = round_of({name: command}, codes)[name]
            if speed.is_full() or is_late or took["milliseconds"] > LONG:
                taken[name].append(took)
            else:
                passed_over += 1
    return {**taken, "passed over": passed_over}


class Speed:
    """What the fixed pieces of work take at least, as far as is known."""

    def __init__(self, least):
        self.least = least

    def is_full(self):
        """Whether every processor is as quick as it has been."""
        now = self.look()
        return all(took <= slowed * least for took, slowed, least in zip(now, SLOWED, self.least))

    def look(self):
        """What each piece of work takes now on the slowest processor."""
        allowed = os.sched_getaffinity(0)
        took = []
        for processor in PROCESSORS:
            os.sched_setaffinity(0, {processor})
            took.append((counting(), writing()))
        os.sched_setaffinity(0, allowed)
        pieces = list(zip(*took))
        self.least = [min(least, *piece) for least, piece in zip(self.least, pieces)]
        return [max(piece) for piece in pieces]

    def wait(self):
        """Until it is full, and not for ever."""
        until = time.monotonic() + WAIT
        while not self.is_full() and time.monotonic() < until:
            time.sleep(0.05)


def passed_over(taken):
    """How many rounds were passed over, in words."""
    return f"{taken['passed over']} runs passed over, since a processor was slowed meanwhile"


def counting():
    began, total = time.monotonic(), 0
    for number in range(WORK):
        total += number * number
    return time.monotonic() - began


def writing():
    began = time.monotonic()
    with mmap.mmap(-1, MEMORY) as fresh:
        for page in range(0, MEMORY, mmap.PAGESIZE):
            fresh[page] = 1
    return time.monotonic() - began
