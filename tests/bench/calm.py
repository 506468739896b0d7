"""Waits for moments in which the processors are at their own speed, and measures then.

A virtual processor is half of a core. While a neighbour's program keeps the other half busy, everything here takes half as
long again, for a second or for minutes, and no counter of this machine shows it. A fixed piece of work does: a round that is
begun or ended while it takes longer than it can is passed over and counted, and the bars stay what they are.
"""

import functools
import os
import time

from process import round_of

# How often the loop of the fixed piece of work goes round: about 2 ms.
WORK = 30_000
# So much longer than the least counts as slowed.
SLOWED = 1.15
# Of many processors, these are looked at.
PROCESSORS = sorted(os.sched_getaffinity(0))[:4]
# For so many seconds a round's moment is waited for, and all rounds of one figure may take. What is not calm by then is
# taken as it is.
WAIT, PATIENCE = 5, 120
# For so many seconds the least is looked for; for as few, where it is seen that it is not always the same.
LOOK_AT_MOST, LOOK_AT_LEAST = 30, 3


@functools.cache
def least():
    """What the fixed piece of work takes at the processors' own speed, in seconds."""
    began, speed, most = time.monotonic(), Speed(float("inf")), 0
    while True:
        most = max(most, *speed.look())
        looked = time.monotonic() - began
        if looked > LOOK_AT_MOST or looked > LOOK_AT_LEAST and most > 1.3 * speed.least:
            return speed.least
        time.sleep(0.02)


def undisturbed(commands, runs, least, codes=(0,)):
    """As `in_turn`, of rounds in which the processors were at their own speed; and how many others were passed over."""
    speed = Speed(least)
    taken, passed_over, until = {name: [] for name in commands}, 0, time.monotonic() + PATIENCE
    # The first round reads the programs from the disk and is not counted.
    round_of(commands, codes)
    while any(len(values) < runs for values in taken.values()):
        speed.wait()
        took = round_of(commands, codes)
        if speed.is_full() or time.monotonic() > until:
            for name, value in took.items():
                taken[name].append(value)
        else:
            passed_over += 1
    return {**taken, "passed over": passed_over}


class Speed:
    """What the fixed piece of work takes at least, as far as is known."""

    def __init__(self, least):
        self.least = least

    def is_full(self):
        """Whether every processor is as quick as it has been."""
        return max(self.look()) <= SLOWED * self.least

    def look(self):
        """What it takes on each processor now."""
        allowed = os.sched_getaffinity(0)
        took = []
        for processor in PROCESSORS:
            os.sched_setaffinity(0, {processor})
            took.append(work())
        os.sched_setaffinity(0, allowed)
        self.least = min(self.least, *took)
        return took

    def wait(self):
        """Until it is full, and not for ever."""
        until = time.monotonic() + WAIT
        while not self.is_full() and time.monotonic() < until:
            time.sleep(0.05)


def passed_over(taken):
    """How many rounds were passed over, in words."""
    return f"{taken['passed over']} rounds passed over, since a processor was slowed meanwhile"


def work():
    began, total = time.monotonic(), 0
    for number in range(WORK):
        total += number * number
    return time.monotonic() - began
