"""Where figures are taken: inside the lab, at a distance from its servers."""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/canary"
# Services of the lab that have two addresses each.
SIXTEEN = ("sqs ssm ssmmessages ec2messages ec2 logs kms monitoring sts secretsmanager sns events ecr.api lambda dynamodb "
           "s3").split()
# Without the two of gateway endpoints and two that few runbooks have.
TWELVE = "sqs ssm ssmmessages ec2messages ec2 logs kms monitoring sts secretsmanager sns events".split()


# The longest that one part may take in one world, in seconds.
PATIENCE = 900

# glibc gives memory back and asks for it again all the time, which the servers are not to spend the processors on.
KEEP_MEMORY = {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=67108864:glibc.malloc.mmap_threshold=33554432"}


class Stage:
    """The lab with the program that is measured."""

    def __init__(self, demo, vpcheck):
        self.demo, self.vpcheck = demo.resolve(strict=True), vpcheck.resolve(strict=True)

    def play(self, part, plan, world="healthy", distance=0):
        """Runs the `inside` of a part of this directory in a world, so many milliseconds there and back from its servers.

        `world` is a scenario's name, or the path of a world's file."""
        world = str(world).removesuffix(".toml")
        away = [sys.executable, HERE / "delay.py", "--milliseconds", str(distance)] if distance else []
        with tempfile.TemporaryDirectory() as scratch:
            given, told = pathlib.Path(scratch, "plan.json"), pathlib.Path(scratch, "taken.json")
            given.write_text(json.dumps({"vpcheck": str(self.vpcheck), **plan}))
            # What is measured has the ordinary settings.
            inside = ["env", *(f"--unset={name}" for name in KEEP_MEMORY), sys.executable, HERE / f"{part}.py", given, told]
            try:
                code = subprocess.run([self.demo, "--fault", world, "--exec", *away, *inside], timeout=PATIENCE,
                                      env={**os.environ, **KEEP_MEMORY}).returncode
            except subprocess.TimeoutExpired:
                code = f"nothing for {PATIENCE} s"
            if code:
                sys.exit(f"tests/bench: {part} in {world}, {distance} ms away, ended with {code}")
            return json.loads(told.read_text())


def world(name):
    """The file of a world of this directory."""
    return HERE / "worlds" / f"{name}.toml"


def inside(act):
    """For a part that was started inside: acts by the plan that is handed over, and hands back what was taken."""
    given, told = map(pathlib.Path, sys.argv[1:])
    told.write_text(json.dumps(act(json.loads(given.read_text()))))


def round_trip():
    """What a round trip to an endpoint takes here, in milliseconds: that of a connection being made."""
    taken = []
    for _ in range(21):
        began = time.monotonic()
        socket.create_connection(("10.0.10.55", 443)).close()
        taken.append((time.monotonic() - began) * 1000)
    return statistics.median(taken)


def check(vpcheck, home, services, *words):
    """The command line of a check with everything: these services, a message to a queue, the VPC's configuration."""
    return [vpcheck, "check", *services, "--queue-url", QUEUE, "--service-roots", f"{home}/service-roots.pem", *words]
