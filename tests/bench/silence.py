"""How soon the cause is named where addresses swallow packets; and what the AWS CLI does meanwhile."""

import json
import os
import pathlib
import sys
import tempfile
import time

from figures import column
from process import Run, once
from stage import QUEUE, TWELVE, check, inside, world

TIMEOUT = 2000
BESIDES = 500
CAUSE = "security-group-blocks-443"
# The AWS CLI waits for minutes by default: 60 s to connect, several times. It is not waited for here.
CAP = 10


def take(figures, stage, options):
    figures.part("Addresses that swallow packets: a security group without 443")
    taken = stage.play("silence", {"runs": options.runs}, world("silence"))
    figures.most("vpcheck --timeout 2s", column(taken["check"], "milliseconds"), TIMEOUT + BESIDES, "ms",
                 f"one probe's limit and {BESIDES} ms")
    figures.holds_that(f"each run names {CAUSE}, and nothing else that fails", all(taken["causes"]), str(taken["causes"]))
    figures.say(f"aws sqs send-message was {'still waiting' if taken['waiting'] else 'done'} after {CAP} s, "
                "when it was stopped")


def act(plan):
    home = os.environ["HOME"]
    command = check(plan["vpcheck"], home, TWELVE, "--timeout", f"{TIMEOUT}ms", "-o", "json")
    send = [pathlib.Path(sys.executable).with_name("aws"), "sqs", "send-message", "--queue-url", QUEUE,
            "--message-body", "bench"]
    # Version 1 calls SQS by its legacy name, which is public, whatever the variables for endpoints say.
    send += ["--endpoint-url", QUEUE.rsplit("/", 2)[0]]
    waiting = Run(send, {**os.environ, "AWS_CA_BUNDLE": f"{home}/trust.pem"})
    taken, causes = [], []
    for _ in range(plan["runs"]):
        with tempfile.TemporaryFile() as report:
            taken.append(once(command, codes=(1,), kept=report))
            report.seek(0)
            findings = json.load(report)["findings"]
        causes.append([finding["code"] for finding in findings if finding["severity"] == "fail"] == [CAUSE])
    time.sleep(max(0, waiting.began + CAP - time.monotonic()))
    is_waiting = os.waitid(os.P_PID, waiting.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    waiting.stop()
    return {"check": taken, "causes": causes, "waiting": is_waiting}


if __name__ == "__main__":
    inside(act)
