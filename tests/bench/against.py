"""vpcheck against what people use: a runbook's dig, openssl and AWS CLI, Prometheus' blackbox exporter, and curl.

Each looks at the same 12 services, in turn, in one lab. Each service has one address: those who are given names connect
to one only, and are to do the same as vpcheck, which looks at all. Region and credentials are in the environment."""

import os
import pathlib
import selectors
import socket
import statistics
import sys
import tempfile
import time
import urllib.parse

from figures import column, median
from process import Run, in_turn
from stage import HERE, QUEUE, TWELVE, check, inside, world

EXPORTER = ("127.0.0.1", 9115)


def take(figures, stage, options):
    figures.part(f"Against what people use: the same {len(TWELVE)} services of one address each, median times")
    figures.say("Only vpcheck and the recipe send a message and read the configuration. For the others that is added, as")
    figures.say("botocore takes it in the same runs: SendMessage, then DescribeVpcEndpoints and DescribeNetworkInterfaces,")
    figures.say("each one round trip on a connection that is open already.")
    for distance in (0, 10):
        taken = stage.play("against", {"runs": options.runs}, world("single"), distance)
        calls = median(taken["calls"], "milliseconds")
        figures.say("")
        for name, runs in taken.items():
            figures.seen(f"{name}, {distance} ms", column(runs, "milliseconds"), "ms")
        own = column(taken["vpcheck"], "milliseconds")
        for name, besides, word in (("blackbox", calls, "no slower than"), ("curl", calls, "beats"), ("recipe", 0, "beats")):
            theirs = median(taken[name], "milliseconds")
            bar = theirs + besides
            sum_of = f"{theirs:.1f} + {besides:.1f} ms" if besides else f"{theirs:.1f} ms"
            ratio = f"{bar / statistics.median(own):.2f} times vpcheck's time"
            figures.most(f"vpcheck {word} {name}, {distance} ms", own, bar, "ms", f"{sum_of}; {ratio}")


def act(plan):
    home = os.environ["HOME"]
    trust = f"{home}/trust.pem"
    aws = pathlib.Path(sys.executable).with_name("aws")
    names = [f"{service}.us-east-1.amazonaws.com" for service in TWELVE]
    curl = ["curl", "--silent", "--parallel", "--parallel-immediate", "--parallel-max", str(len(names)), "--cacert", trust]
    for name in names:
        curl += ["--output", "/dev/null", f"https://{name}/"]
    with tempfile.TemporaryDirectory() as scratch:
        exporter = start_exporter(pathlib.Path(scratch, "blackbox.yml"), trust)
        try:
            return in_turn({
                "vpcheck": check(plan["vpcheck"], home, TWELVE),
                "blackbox": lambda: probe_all(names),
                "curl": curl,
                "recipe": [HERE / "recipe", aws, QUEUE, trust, *TWELVE],
                "calls": calls(trust),
            }, plan["runs"])
        finally:
            exporter.stop()


def start_exporter(settings, trust):
    settings.write_text(
        "modules:\n  tls:\n    prober: tcp\n    timeout: 5s\n    tcp:\n      tls: true\n      preferred_ip_protocol: ip4\n"
        f"      tls_config:\n        ca_file: {trust}\n")
    address = ":".join(map(str, EXPORTER))
    exporter = Run(["prometheus-blackbox-exporter", f"--config.file={settings}", f"--web.listen-address={address}"])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(EXPORTER) == 0:
                return exporter
        time.sleep(0.02)
    exporter.stop()
    exporter.complaints.seek(0)
    sys.exit(exporter.complaints.read().decode(errors="replace"))


def probe_all(names):
    """Has all of them probed at once, and waits for the last answer. Only what the exporter takes is in this time."""
    waiting = selectors.DefaultSelector()
    began = time.monotonic()
    for name in names:
        query = urllib.parse.urlencode({"module": "tls", "target": f"{name}:443"})
        stream = socket.create_connection(EXPORTER)
        stream.sendall(f"GET /probe?{query} HTTP/1.0\r\nHost: exporter\r\n\r\n".encode())
        waiting.register(stream, selectors.EVENT_READ, (name, bytearray()))
    while waiting.get_map():
        for key, _ in waiting.select():
            name, answer = key.data
            part = key.fileobj.recv(65536)
            if part:
                answer += part
                continue
            waiting.unregister(key.fileobj)
            key.fileobj.close()
            if b"\nprobe_success 1" not in answer:
                sys.exit(f"the exporter could not probe {name}\n{answer.decode(errors='replace')}")
    return {"milliseconds": (time.monotonic() - began) * 1000}


def calls(trust):
    """The canary's call and the inventory's two rounds, by the AWS SDK for Python on connections that are kept."""
    import botocore.session

    session = botocore.session.get_session()
    sqs, ec2 = (session.create_client(service, verify=trust) for service in ("sqs", "ec2"))

    def made():
        began = time.monotonic()
        sqs.send_message(QueueUrl=QUEUE, MessageBody="bench")
        ec2.describe_vpc_endpoints()
        ec2.describe_network_interfaces()
        return {"milliseconds": (time.monotonic() - began) * 1000}

    return made


if __name__ == "__main__":
    inside(act)
