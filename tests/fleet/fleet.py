"""`vpcheck fleet` against a fleet: fleet.py VPCHECK DEMO

Machines are labs: each its own VPC host in namespaces of its own, which runs packaging/ssm/document.yaml with the real
vpcheck in it. Everything plays in a namespace in which nothing but 127.0.0.1 exists. Prints what it tried, and
"N passed, M failed" at the end.
"""

import json
import logging
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import boto3
import jsonschema
import requests
from moto.server import ThreadedMotoServer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path += [str(HERE), str(ROOT / "tests/peers")]

import peers
from systems_manager import Refusal, SystemsManager

REGION = "us-east-1"
MOTO = 5000
SSM = 5001
SSM_OF_BAD_DAYS = 5002
DOCUMENT = ROOT / "packaging/ssm/document.yaml"
SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "packaging/schema/fleet.schema.json").read_text()))
# Three are broken, each in its own way, one never answers, one is terminated on the way.
BROKEN = {"i-00000000000000003": "private-dns-disabled", "i-00000000000000007": "security-group-blocks-443",
          "i-0000000000000000b": "tls-intercepted"}
SILENT, TERMINATED = "i-0000000000000000e", "i-00000000000000011"
MACHINES = [f"i-{n:017x}" for n in range(24)]
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a-secret-nobody-may-see",
    "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{MOTO}",
    "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{SSM}",
}

tried = []


def holds(name, is_so, detail=""):
    tried.append(bool(is_so))
    print(f"FLEET {name} ... {'ok' if is_so else 'FAILED'}", flush=True)
    if not is_so:
        print("    " + str(detail)[:3000].replace("\n", "\n    "), flush=True)


def client(name, **words):
    words = {"aws_access_key_id": "judge", "aws_secret_access_key": "judge", **words}
    return boto3.client(name, endpoint_url=f"http://127.0.0.1:{MOTO}", region_name=REGION, **words)


class Fleet:
    """The machines, and what plays them."""

    def __init__(self, vpcheck, demo, scratch):
        self.vpcheck, self.demo, self.scratch = vpcheck, demo, scratch
        # Reports that were read, and what of them is against their schema.
        self.told, self.wrong = 0, []
        (scratch / "bin").mkdir()
        (scratch / "bin/vpcheck").symlink_to(vpcheck)
        for name in MACHINES:
            n = MACHINES.index(name)
            base = BROKEN.get(name, "healthy")
            (scratch / f"{name}.toml").write_text(
                f'title = "{name}"\nwhy = "One of a fleet."\nbase = "{base}"\n[world.host]\ninstance_id = "{name}"\n'
                f'addresses = ["10.0.1.{20 + n}"]\n[expect]\nverdict = "pass"\nexit = 0\n')

    def act(self, parameters, name):
        """A machine runs the document, as SSM Agent has it run."""
        if name == SILENT:
            time.sleep(1)
            return "DeliveryTimedOut", -1, ""
        if name == TERMINATED:
            time.sleep(1)
            return "Terminated", -1, ""
        script = """
            export VPCHECK_SERVICE_ROOTS="$HOME/service-roots.pem" VPCHECK_EVIDENCE="$1" PATH="$2:/usr/bin:/bin:/usr/sbin:/sbin"
            shift 2
            exec "$@"
        """
        words = [f"{key}={value}" for key, (value,) in parameters.items()]
        command = [self.demo, "--fault", self.scratch / name, "--exec", "sh", "-c", script, "sh",
                   self.scratch / "evidence" / name, self.scratch / "bin",
                   sys.executable, ROOT / "tests/packaging/run_command.py", DOCUMENT, *words]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return ("Success" if ran.returncode == 0 else "Failed"), ran.returncode, ran.stdout

    def machines(self, act=None):
        return {name: {"tags": {"role": "worker", "number": str(n % 2)}, "act": act or self.act}
                for n, name in enumerate(MACHINES)}

    def run(self, *words, environment=None, timeout=240):
        return subprocess.run([self.vpcheck, "fleet", *map(str, words)], env=ENVIRONMENT | (environment or {}),
                              capture_output=True, text=True, timeout=timeout)

    def json(self, *words, **more):
        ran = self.run(*words, "-o", "json", **more)
        try:
            told = json.loads(ran.stdout)
        except ValueError:
            return ran, {}
        self.told += 1
        self.wrong += [f"{error.json_path}: {error.message[:200]}" for error in SCHEMA.iter_errors(told)]
        return ran, told


# What packaging/ecs/run-in-subnets calls in place of the AWS CLI: the same words, said to moto.
AWS = """#!{python}
import argparse, os, re, sys
import boto3, jmespath
parser = argparse.ArgumentParser()
parser.add_argument("words", nargs=2)
for name in "cluster task-definition launch-type count started-by network-configuration query output".split():
    parser.add_argument("--" + name, required=True)
said = parser.parse_args()
assert said.words == ["ecs", "run-task"] and said.output == "text", said
network = re.fullmatch(r"awsvpcConfiguration={{subnets=\\[(.*)\\],securityGroups=\\[(.*)\\],assignPublicIp=(\\w+)}}", said.network_configuration)
ecs = boto3.client("ecs", endpoint_url="http://127.0.0.1:{port}", region_name="{region}")
try:
    answer = ecs.run_task(
        cluster=said.cluster, taskDefinition=said.task_definition, launchType=said.launch_type, count=int(said.count),
        startedBy=said.started_by, networkConfiguration={{"awsvpcConfiguration": {{
            "subnets": network[1].split(","), "securityGroups": network[2].split(","), "assignPublicIp": network[3]}}}})
except Exception as error:
    sys.exit(str(error))
print(jmespath.search(said.query, answer))
"""


def tasks(fleet):
    """A task of vpcheck in each subnet, on AWS Fargate."""
    ec2, ecs = client("ec2"), client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    # moto gives interfaces a name only so.
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in range(3)]
    group = ec2.create_security_group(VpcId=vpc, GroupName="worker", Description="worker")["GroupId"]
    ecs.create_cluster(clusterName="work")
    task = ecs.register_task_definition(
        family="vpcheck", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        containerDefinitions=[{"name": "vpcheck", "image": "vpcheck", "cpu": 256, "memory": 512}])["taskDefinition"]["taskDefinitionArn"]
    path = fleet.scratch / "path"
    path.mkdir()
    (path / "aws").write_text(AWS.format(python=sys.executable, port=MOTO, region=REGION))
    (path / "aws").chmod(0o755)
    environment = ENVIRONMENT | {"PATH": f"{path}:{ENVIRONMENT['PATH']}"}
    run = lambda *words: subprocess.run([ROOT / "packaging/ecs/run-in-subnets", *words], env=environment, capture_output=True, text=True)
    ran = run("work", task, group, *subnets)
    said = [line.split(maxsplit=1) for line in ran.stdout.splitlines()]
    started = ecs.describe_tasks(cluster="work", tasks=[arn for _, arn in said])["tasks"] if ran.returncode == 0 else []
    where = {detail["value"] for one in started for attachment in one["attachments"] for detail in attachment["details"]
             if detail["name"] == "subnetId"}
    holds("a task is started in each subnet", ran.returncode == 0 and [s for s, _ in said] == subnets and where == set(subnets),
          f"{ran.returncode} {ran.stdout} {ran.stderr} {where}")
    ran = run("work", task, group, subnets[0], "subnet-0none", subnets[1])
    lines = ran.stdout.splitlines()
    holds("a subnet without its task is named, and the others have theirs",
          ran.returncode == 1 and len(lines) == 3 and lines[1] == "subnet-0none not started" and "arn:" in lines[2], f"{ran.stdout} {ran.stderr}")
    ran = run("work", task)
    holds("how it is called is said", ran.returncode == 2 and "CLUSTER" in ran.stderr, ran.stderr)


def verdicts(fleet):
    return {row["machine"]: row["verdict"] for row in fleet.get("machine_list", [])}


def codes(fleet, severity="fail"):
    return {group["code"] for group in fleet.get("findings", []) if group["severity"] == severity}


def inside(vpcheck, demo):
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        fleet = Fleet(vpcheck, demo, scratch)
        whole(fleet)
        bad_days(fleet)
        buckets(fleet)
        holds("every report is as packaging/schema/fleet.schema.json says", fleet.told and not fleet.wrong, "\n".join(fleet.wrong[:20]))
    failed = tried.count(False)
    print(f"{len(tried) - failed} passed, {failed} failed", flush=True)
    # Threads of servers that wait do not matter any more.
    os._exit(1 if failed else 0)


def whole(fleet):
    """Every machine is asked, and the report names each that is broken or silent."""
    seldom = {"n": 0}

    def throttled(operation):
        seldom["n"] += 1
        if seldom["n"] % 3 == 0:
            raise Refusal("ThrottlingException", "Rate exceeded")

    machines = fleet.machines()
    machines[SILENT]["ping"], machines[TERMINATED]["gone"] = "ConnectionLost", True
    service = SystemsManager(machines, quirk=throttled)
    service.serve(SSM)
    ran, report = fleet.json("run", "--targets", "tag:role=worker", "--max-concurrency", "50%", "--parameters", "Workload=ec2-ssm")
    expected = {name: "fail" if name in BROKEN else "pass" for name in MACHINES if name not in (SILENT, TERMINATED)}
    holds("each machine's verdict is there", verdicts(report) == expected and ran.returncode == 1, f"{report} {ran}")
    holds("each broken one's cause is named", codes(report) == set(BROKEN.values()), codes(report))
    about = {group["code"]: group["groups"][0] for group in report.get("findings", [])}
    holds("and who has it", all(about[code]["examples"] == [name] for name, code in BROKEN.items() if code in about), about)
    silent = {one["machine"]: one["reason"] for one in report.get("silent", [])}
    holds("who did not answer is told, and why", silent == {SILENT: "DeliveryTimedOut", TERMINATED: "Terminated"}, silent)
    details = {one["machine"]: one["detail"] for one in report.get("silent", [])}
    holds("and what is known of its agent", "ConnectionLost, last heard of at 2025-" in details.get(SILENT, "")
          and "no longer knows it" in details.get(TERMINATED, ""), details)
    place = report.get("accounts", [{}])[0]
    holds("they are placed", place.get("account_id") == "123456789012" and place["machines"]["total"] == 22, place)
    holds("throttling is waited out", service.calls.count("SendCommand") <= 2 and seldom["n"] > 3, service.calls)
    holds("all that was said is as the service's model has it", not service.problems, service.problems)

    (command,) = service.commands
    resumed, again = fleet.json("run", "--resume", command)
    same = lambda one: {key: one.get(key) for key in ("machines", "findings", "accounts", "silent", "machine_list")}
    holds("--resume tells the same", same(again) == same(report) and resumed.returncode == 1, resumed)
    ran = fleet.run("run", "--resume", command)
    named = [*BROKEN, *BROKEN.values(), SILENT, TERMINATED, "DeliveryTimedOut", "Terminated"]
    holds("people read all of it", all(word in ran.stdout for word in named), ran.stdout)

    # What the machines keep by themselves says the same of the same machines.
    ran, report = fleet.json("report", fleet.scratch / "evidence")
    holds("the machines' evidence gives the same verdicts", verdicts(report) == expected and ran.returncode == 1, f"{report} {ran.stderr}")
    holds("and the same causes", codes(report) == set(BROKEN.values()) and not report["not_read"], f"{codes(report)} {report.get('not_read')}")
    page = fleet.scratch / "fleet.html"
    ran = fleet.run("report", fleet.scratch / "evidence", "-o", f"html={page}")
    text = page.read_text()
    holds("the page has them and loads nothing", all(name in text for name in BROKEN) and not re.search(r"(src|href)=|url\(|<script", text), ran)

    # Two at once, each by its own command.
    running = [subprocess.Popen([fleet.vpcheck, "fleet", "run", "--instance-ids", ",".join(names), "-o", "json"], env=ENVIRONMENT,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for names in ([MACHINES[0], MACHINES[3]], [MACHINES[1], MACHINES[7]])]
    told = [json.loads(one.communicate(timeout=240)[0]) for one in running]
    holds("two runs at once do not meet", [set(verdicts(one)) for one in told] == [{MACHINES[0], MACHINES[3]}, {MACHINES[1], MACHINES[7]}], told)


BRIEF = {
    "schema_version": "1", "run_id": "r", "started_at": "2026-11-21T05:00:00Z", "verdict": "pass",
    "environment": {"region": REGION, "account_id": "123456789012", "vpc_id": "vpc-1", "subnet_id": "subnet-1"}, "findings": [],
}


def bad_days(fleet):
    """Systems Manager and machines as they should not be; machines are played by their words alone."""
    at = {"AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{SSM_OF_BAD_DAYS}"}
    acts, quirks = {}, {}

    def act(parameters, name):
        return acts.get(name, lambda: ("Success", 0, "PASS: all is well.\n" + json.dumps(BRIEF, separators=(",", ":")) + "\n"))()

    def quirk(operation):
        if operation in quirks:
            quirks[operation]()

    def refuse(code):
        def raises():
            raise Refusal(code, f"User: arn:aws:iam::123456789012:user/x is not authorized to perform it")
        return raises

    service = SystemsManager(fleet.machines(act), quirk=quirk)
    service.serve(SSM_OF_BAD_DAYS)
    run = lambda *words, **more: fleet.json("run", *words, environment=at | more)

    long = dict(BRIEF, verdict="fail", findings=[{"code": "endpoint-missing", "severity": "fail", "subject": f"service-{n}"} for n in range(100)])
    acts[MACHINES[0]] = lambda: ("Failed", 1, "FAIL: much is wrong.\n" + json.dumps(long, separators=(",", ":")) + "\n")
    acts[MACHINES[1]] = lambda: ("Failed", 1, "FAIL: x.\n\nFAIL tcp-timeout: sqs does not answer\nExit code 1: fail\n")
    acts[MACHINES[2]] = lambda: ("Failed", 2, "vpcheck did not run: it is not installed, and no S3Bucket says where it is.\n")
    acts[MACHINES[4]] = lambda: ("Success", 0, "PASS: x.\n" + json.dumps(dict(BRIEF, schema_version="9"), separators=(",", ":")))
    acts[MACHINES[5]] = lambda: ("Success", 0, "\x1b[2J\n" * 50)
    ran, report = run("--all")
    group = {one["code"]: one for one in report.get("findings", [])}
    holds("a line that a list cuts is asked for", group["endpoint-missing"]["subjects"] == 100 and service.calls.count("GetCommandInvocation") >= 1, group)
    holds("an older vpcheck's text counts by its codes", verdicts(report).get(MACHINES[1]) == "fail" and group["tcp-timeout"]["groups"][0]["subject"] == "", ran)
    silent = {one["machine"]: one["detail"] for one in report.get("silent", [])}
    holds("a machine without vpcheck says so", "not installed" in silent.get(MACHINES[2], ""), silent)
    holds("a newer report is named", any(MACHINES[4] in one["source"] and "version 9" in one["reason"] for one in report["not_read"]), report["not_read"])
    holds("what is no report is silence, and harmless", MACHINES[5] in silent and "\x1b" not in ran.stdout, silent)
    acts.clear()

    ran, report = run("--all")
    holds("a fleet that passes is 0", ran.returncode == 0 and report["verdict"] == "pass", ran)
    acts[MACHINES[0]] = lambda: ("Failed", 1, "FAIL: x.\n" + json.dumps(dict(BRIEF, verdict="fail")) + "\n")
    ran, report = run("--all", "--max-errors", "0", "--max-concurrency", "1")
    why = " ".join(one["reason"] for one in report.get("not_read", []))
    holds("machines that were never sent it are told", "were never sent it" in why and ran.returncode == 1, f"{ran} {why}")
    acts.clear()
    ran, _ = run("--targets", "tag:role=nobody")
    holds("nobody selected is said", ran.returncode == 2 and "no managed instance" in ran.stderr, ran)
    ran, _ = run("--all", "--document", "another")
    holds("a document that is not there is said", ran.returncode == 2 and "InvalidDocument" in ran.stderr and "ssm.yaml" in ran.stderr, ran)
    ran, _ = run("--instance-ids", "i-0ffffffffffffffff")
    holds("an instance that is not managed is said", ran.returncode == 2 and "not managed" in ran.stderr, ran)
    ran, _ = run("--resume", "00000000-0000-0000-0000-000000000000", timeout="1s")
    holds("a command that nobody knows is said", ran.returncode == 2 and "no command has the id" in ran.stderr, ran)
    quirks["SendCommand"] = refuse("AccessDeniedException")
    ran, _ = run("--all")
    holds("a permission that lacks is named", ran.returncode == 2 and "the permission ssm:SendCommand lacks" in ran.stderr, ran)
    quirks.clear()
    quirks["ListCommandInvocations"] = refuse("AccessDeniedException")
    ran, _ = run("--all")
    holds("after it was sent, the way back is told as well",
          ran.returncode == 3 and "ssm:ListCommandInvocations" in ran.stderr and "--resume" in ran.stderr, ran)
    quirks.clear()

    # One machine that goes on and on.
    acts[MACHINES[0]] = lambda: (time.sleep(30), ("Success", 0, ""))[1]
    ran, report = run("--instance-ids", f"{MACHINES[0]},{MACHINES[1]}", "--wait", "3s")
    silent = {one["machine"]: one["reason"] for one in report.get("silent", [])}
    holds("partial results are told with the rest's state",
          silent == {MACHINES[0]: "InProgress"} and verdicts(report) == {MACHINES[1]: "pass"} and ran.returncode == 3 and "--resume" in ran.stderr, ran)
    started = subprocess.Popen([fleet.vpcheck, "fleet", "run", "--instance-ids", MACHINES[0]], env=ENVIRONMENT | at,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    known = len(service.commands)
    while len(service.commands) == known and started.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=20)
    told = re.search(r"vpcheck fleet run --resume ([0-9a-f-]{36})", err)
    holds("Ctrl-C leaves the way back", started.returncode == 3 and told and not out, f"{started.returncode} {out} {err}")
    acts.clear()
    if told:
        with service.lock:
            command, invocations = service.commands[told[1]]
            invocations[MACHINES[0]] = {"Status": "Success", "StatusDetails": "Success", "ResponseCode": 0, "Output": json.dumps(BRIEF, separators=(",", ":"))}
            command |= {"Status": "Success", "StatusDetails": "Success", "CompletedCount": 1}
        ran, report = run("--resume", told[1])
        holds("which works", ran.returncode == 0 and verdicts(report) == {MACHINES[0]: "pass"}, ran)

    # A service that takes a call and never answers.
    quirks["SendCommand"] = lambda: time.sleep(60)
    began = time.monotonic()
    ran, _ = run("--all")
    took = time.monotonic() - began
    holds("Systems Manager that never answers is not waited for for ever", took < 40 and ran.returncode == 2 and "no answer" in ran.stderr, f"{took} {ran}")
    holds("all that was said is as the service's model has it", not service.problems, service.problems)


def buckets(fleet):
    """Reports in S3, by moto."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=MOTO, verbose=False)
    moto.start()
    s3 = client("s3")
    s3.create_bucket(Bucket="evidence")
    put = lambda key, value: s3.put_object(Bucket="evidence", Key=key, Body=value if isinstance(value, (str, bytes)) else json.dumps(value))
    expected = {name: "fail" if name in BROKEN else "pass" for name in MACHINES if name not in (SILENT, TERMINATED)}
    for file in sorted((fleet.scratch / "evidence").rglob("*.json")):
        put(f"vpc/account=123456789012/region={REGION}/date=2026-11-21/{file.parent.name} {file.name}", file.read_bytes())
    ran, report = fleet.json("report", "s3://evidence/vpc")
    holds("a bucket's evidence is read", verdicts(report) == expected and ran.returncode == 1, f"{report} {ran}")

    made = {}
    for n in range(1200):
        name = f"i-{n:04}"
        made[name] = "fail" if n % 4 == 0 else "pass"
        findings = [{"code": "endpoint-missing", "severity": "fail", "subject": "com.amazonaws.us-east-1.ssm"}] if n % 4 == 0 else []
        put(f"many/{n:04}.json", dict(BRIEF, verdict=made[name], findings=findings, environment=BRIEF["environment"] | {"instance_id": name}))
    put("many/old.json", dict(BRIEF, schema_version="0", environment=BRIEF["environment"] | {"instance_id": "i-old"}))
    put("many/new.json", dict(BRIEF, schema_version="2", findings={"another": "shape"}))
    put("many/cut.json", json.dumps(BRIEF)[:100])
    put("many/notes.txt", "nothing to read")
    put("many-others/other.json", dict(BRIEF, environment={"instance_id": "i-other"}))
    future = dict(BRIEF, started_at="2099-01-01T00:00:00Z", environment=BRIEF["environment"] | {"instance_id": "i-future"})
    put("many/future +&é.json", future)
    ran, report = fleet.json("report", "s3://evidence/many/")
    holds("more than a page is read, and no neighbour's", verdicts(report) == made | {"i-old": "pass", "i-future": "pass"}, ran.stderr)
    named = {one["source"].split("/")[-1]: one["reason"] for one in report.get("not_read", [])}
    holds("what is newer or broken is named", set(named) == {"new.json", "cut.json"} and "version 2" in named["new.json"], named)
    holds("a clock that is ahead is named", [one["machine"] for one in report["clocks_ahead"]] == ["i-future"], report.get("clocks_ahead"))
    (group,) = report["findings"]
    about = group["groups"][0]
    holds("findings of a kind are one group", (about["machines"], about["of"], len(about["examples"])) == (300, 1202, 5), about)
    ran, report = fleet.json("report", "s3://evidence/nothing-here")
    holds("a prefix with nothing below it is said", ran.returncode == 2 and "found none" in ran.stderr, ran)
    ran, _ = fleet.json("report", "s3://no-such-bucket/x")
    holds("a bucket that is not there is said", ran.returncode == 3 and "NoSuchBucket" in ran.stderr, ran)
    lines = "\n".join(json.dumps(dict(BRIEF, environment={"instance_id": f"i-{n}"})) for n in range(3))
    piped = subprocess.run([fleet.vpcheck, "fleet", "report", "-"], env=ENVIRONMENT, input=lines + "\nnonsense\n", capture_output=True, text=True)
    holds("reports on standard input are read", piped.returncode == 3 and "3 read, 1 not read" in piped.stdout, piped)

    tasks(fleet)
    # From here on moto holds every call to its caller's policies, and this user has none.
    iam = client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    who = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    # moto's own SSM takes what is sent, and does nothing: it knows no list of invocations.
    ec2 = client("ec2")
    started = ec2.run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2, TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "role", "Value": "worker"}]}])["Instances"]
    ran = fleet.run("run", "--targets", "tag:role=worker", "--parameters", "Workload=ec2-ssm", environment={"AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{MOTO}"})
    sent = client("ssm").list_commands()["Commands"]
    took = [(one["DocumentName"], sorted(one["InstanceIds"]), one["Parameters"], one["MaxErrors"]) for one in sent]
    ids = sorted(one["InstanceId"] for one in started)
    holds("moto takes what is sent", took == [("vpcheck", ids, {"Workload": ["ec2-ssm"]}, "100%")] and sent[0]["CommandId"] in ran.stderr, f"{took} {ran}")
    requests.post(f"http://127.0.0.1:{MOTO}/moto-api/reset-auth", data=b"0", timeout=5).raise_for_status()
    ran = fleet.run("report", "s3://evidence/vpc", environment=who)
    complaint = ran.stderr.strip().splitlines()
    holds("a bucket that denies listing is one sentence that names the permission",
          ran.returncode == 3 and len(complaint) == 1 and "s3:ListBucket on arn:aws:s3:::evidence" in complaint[0], ran)
    holds("no secret is said", "a-secret-nobody-may-see" not in ran.stderr + ran.stdout, ran)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(*sys.argv[2:])
    else:
        sys.exit(subprocess.run([*peers.namespaces(), sys.executable, __file__, "--inside", *sys.argv[1:]]).returncode)
