"""What a run costs: the start, processor time and memory of a check and of a health probe, the size of the program."""

import os

from figures import column
from process import in_turn, memory, once
from stage import SIXTEEN, check, inside


def take(figures, stage, options):
    figures.part("What a run costs")
    started = in_turn({"version": [stage.vpcheck, "--version"]}, max(51, options.runs))["version"]
    figures.most("--version, wall", column(started, "milliseconds"), 3, "ms")
    taken = stage.play("cost", {"runs": options.runs})
    figures.most("check of 16 services, processor", column(taken["check"], "processor"), 60, "ms")
    figures.most("check of 16 services, most memory", column(taken["check memory"], "megabytes"), 30, "MB")
    figures.most("health of one service, processor", column(taken["health"], "processor"), 8, "ms")
    figures.most("health of one service, most memory", column(taken["health memory"], "megabytes"), 14, "MB")
    if options.static:
        once([options.static, "--version"])
        figures.most("the static binary", [options.static.stat().st_size / 1e6], 20, "MB")
    else:
        figures.say("the static binary was not built: --static names one")


def act(plan):
    home = os.environ["HOME"]
    health = [plan["vpcheck"], "health", "sqs", "--service-roots", f"{home}/service-roots.pem"]
    commands = {"check": check(plan["vpcheck"], home, SIXTEEN), "health": health}
    most = {f"{name} memory": memory(command, plan["runs"]) for name, command in commands.items()}
    return {**in_turn(commands, plan["runs"]), **most}


if __name__ == "__main__":
    inside(act)
