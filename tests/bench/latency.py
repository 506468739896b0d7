"""How long a check of 16 services takes, by the round trips to its servers: the canary is sent, the configuration is read.

Cold, region and credentials come from the instance's metadata; else they are in the environment."""

import os

from figures import column
from process import in_turn
from stage import SIXTEEN, check, inside, round_trip, world

# World, what it is called, round trips that may take place one after the other.
BARS = [("healthy", "cold", 9), (world("environment"), "region and credentials known", 5)]
# What may be spent besides, in milliseconds.
BESIDES = 40


def take(figures, stage, options):
    figures.part(f"A check of {len(SIXTEEN)} services, canary and inventory included, by round trip")
    for where, name, trips in BARS:
        for distance in (0, 10, 50):
            taken = stage.play("latency", {"runs": options.runs}, where, distance)
            figures.say(f"a connection is made in {taken['round trip']:.2f} ms")
            figures.most(f"{name}, {distance} ms", column(taken["check"], "milliseconds"), trips * distance + BESIDES, "ms",
                         f"{trips} round trips and {BESIDES} ms")


def act(plan):
    command = check(plan["vpcheck"], os.environ["HOME"], SIXTEEN)
    return {"round trip": round_trip(), **in_turn({"check": command}, plan["runs"])}


if __name__ == "__main__":
    inside(act)
