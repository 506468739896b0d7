"""Runs vpcheck in every situation of `situations.py`, in worlds that moto, unbound, nginx and OpenSSL make.

    peers.py VPCHECK [SITUATION]...

Every situation has a user, network and mount namespace of its own; no root is needed. `--keep` leaves the files.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3

import names
import pki
import stage
from situations import QUEUE, SITUATIONS

LIMIT = 40


def main(arguments):
    keep = "--keep" in arguments
    vpcheck, *words = [argument for argument in arguments if argument != "--keep"]
    if unknown := [word for word in words if word not in SITUATIONS]:
        sys.exit(f"there is no situation {', '.join(unknown)}; there are {', '.join(SITUATIONS)}")
    enter = namespaces()
    failed = 0
    wanted = words or list(SITUATIONS)
    directory = tempfile.mkdtemp(prefix="vpcheck-peers-")
    for name in wanted:
        own = Path(directory) / name
        own.mkdir()
        began = time.monotonic()
        played = subprocess.run([*enter, sys.executable, __file__, "--inside", name, vpcheck, own],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        try:
            problems = json.loads(played.stdout) if played.returncode == 0 else [played.stderr[-3000:]]
        except ValueError:
            problems = [f"not understood: {played.stdout}{played.stderr}"]
        took = f"({time.monotonic() - began:.1f} s)"
        print(f"PEER {name} ... {'FAILED' if problems else 'ok'} {took}", flush=True)
        for problem in problems:
            print("    " + str(problem).replace("\n", "\n    "), flush=True)
        failed += bool(problems)
    if keep:
        print(f"files are in {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed else 0


def namespaces():
    """The command that enters new namespaces: as nobody in particular, else as the root one is already."""
    end = ["--pid", "--fork", "--kill-child"]
    ways = [["unshare", "--user", "--map-root-user", "--net", "--mount", *end], ["unshare", "--net", "--mount", *end]]
    for way in ways:
        tried = subprocess.run([*way, "true"], capture_output=True, text=True)
        if tried.returncode == 0:
            return way
    sys.exit(f"cannot enter a namespace of one's own: {tried.stderr.strip()}")


def inside(name, vpcheck, directory):
    """Plays one situation and prints what differs from what is expected."""
    situation = {"aws": {}, "directory": directory, **SITUATIONS[name]}
    files = Path(directory)
    authorities = pki.Pki(files)
    there = stage.Stage(files)
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        (files / "aws.json").write_text(json.dumps(situation["aws"]))
        world_file = there.aws(files / "aws.json")
        stage.lay_network(situation, json.loads(world_file.read_text())["mac"])
        # A company that intercepts has its root on every host.
        stage.lay_files(situation, files, [authorities.roots, authorities.corporate])
        there.metadata(world_file)
        there.services(situation, authorities)
        there.resolvers(situation)
        ran, took, report = check(situation, vpcheck, files, authorities)
        problems = judge(situation, ran, took, report) + [*judge_peers(situation, report, files)]
    finally:
        there.stop()
    print(json.dumps(problems))


def check(situation, vpcheck, files, authorities):
    report = files / "report.json"
    command = [vpcheck, "check", "--workload", "ec2-ssm", "--queue-url", situation.get("queue", QUEUE),
               # moto answers one call after the other, some of them with a quarter of a megabyte of XML.
               "--timeout", "4s", "--service-roots", authorities.roots, "-o", f"json={report}", "--save-facts", files / "facts.json"]
    began = time.monotonic()
    ran = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=LIMIT, env={"PATH": os.environ["PATH"]}, cwd=files)
    took = time.monotonic() - began
    if not report.exists():
        raise RuntimeError(f"vpcheck wrote no report (exit {ran.returncode}): {ran.stderr}")
    return ran, took, json.loads(report.read_text())


def judge(situation, ran, took, report):
    """Everything that differs from what is expected."""
    problems = []
    expected = situation.get("fails")
    verdict = "fail" if expected else "pass"
    exit_code = 1 if expected else 0
    if (report["verdict"], ran.returncode) != (verdict, exit_code):
        problems.append(f"verdict {report['verdict']}, exit {ran.returncode}; expected {verdict}, {exit_code}")
    if ran.stdout:
        problems.append(f"standard output is not empty: {ran.stdout}")
    # The deadline is 20 s.
    if took > 21:
        problems.append(f"took {took:.1f} s")
    if (canary := situation.get("canary", report["canary"]["status"])) != report["canary"]["status"]:
        problems.append(f"canary {report['canary']}, expected {canary}")
    found = [(finding["code"], sorted(finding["services"])) for finding in report["findings"] if finding["severity"] == "fail"]
    if found != [wanted for wanted in [expected] if wanted]:
        problems.append(f"fails {found}, expected {expected}")
    lesser = {finding["code"] for finding in report["findings"] if finding["severity"] != "fail"}
    allowed = situation.get("besides", set()) | situation.get("maybe", set()) | {"legacy-name-public"}
    if not situation.get("besides", set()) <= lesser <= allowed:
        problems.append(f"besides {sorted(lesser)}, expected {sorted(situation.get('besides', []))}")
    routes = {service["service"]: service["route"] for service in report["services"]}
    for service, route in situation.get("routes", {}).items():
        if routes.get(service) != route:
            problems.append(f"{service} by {routes.get(service)}, expected {route}")
    if problems:
        problems += [json.dumps(finding) for finding in report["findings"]]
        problems += [ran.stderr] if ran.stderr else []
    return problems


def judge_peers(situation, report, files):
    """What the peers themselves say of it."""
    # No signature may go where somebody else ends TLS.
    for service in [*names.INTERFACE, *names.GATEWAY]:
        if stage.certificate(situation, service) == "intercepted":
            if stage.signed_requests(files, stage.listeners(situation, service)):
                yield f"{service}: a signed request went over an intercepted connection"
    if situation["aws"].get("authorize"):
        # The seed may not receive either.
        return
    sqs = boto3.client("sqs", endpoint_url="http://127.0.0.1:5000", region_name=names.REGION,
                       aws_access_key_id="judge", aws_secret_access_key="judge")
    queue = sqs.get_queue_url(QueueName="canary")["QueueUrl"]
    held = [message["MessageId"] for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])]
    sent = [report["canary"]["message_id"]] if report["canary"]["status"] == "sent" else []
    if sent and not stage.signed_requests(files, stage.listeners(situation, "sqs")):
        yield "the canary was sent, and nginx has seen no signed request at SQS's addresses"
    if held != sent:
        yield f"moto's queue holds the messages {held}, the report says {sent} were sent"


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(*sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
