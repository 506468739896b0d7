"""An inventory that one machine writes and others fetch, against services that are not ours: moto's EC2, S3 and Parameter Store.

    shared_inventory.py VPCHECK

Plays in a namespace of its own in which nothing but 127.0.0.1 exists, so the checks themselves fail; what is looked at is
what they know of the VPC, and who was asked for it. Prints what it tried, and "N passed, M failed" at the end.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

import peers

REGION = "eu-west-1"
MOTO = 5000
URL = f"http://127.0.0.1:{MOTO}"
SECRET = "a-secret-nobody-may-see"
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_EC2": URL, "AWS_ENDPOINT_URL_S3": URL, "AWS_ENDPOINT_URL_SSM": URL,
}


def client(name):
    return boto3.client(name, endpoint_url=URL, region_name=REGION, aws_access_key_id="judge", aws_secret_access_key="judge")


def vpcheck(program, *words, environment=None):
    return subprocess.run([program, *words], env=ENVIRONMENT | (environment or {}), capture_output=True, text=True, timeout=60)


def check(program, directory, place, *words, environment=None):
    """What a check reports of its inventory, how it was fetched, and what was said on standard error."""
    report, facts = Path(directory) / "report.json", Path(directory) / "facts.json"
    ran = vpcheck(program, "check", "sqs", "--timeout", "500ms", "--inventory", place, "-o", f"json={report}",
                  "--save-facts", str(facts), *words, environment=environment)
    report, facts = json.loads(report.read_text()), json.loads(facts.read_text())
    return report["inventory"], facts["inventory"], {finding["code"] for finding in report["findings"]}, ran


def let_be_due(cache):
    """As if what is kept had been fetched long ago."""
    for path in Path(cache).glob("inventory-*.kept"):
        head, rest = path.read_bytes().split(b"\n", 1)
        head = json.loads(head) | {"ask_again_at": "2020-01-01T00:00:00Z"}
        path.write_bytes(json.dumps(head).encode() + b"\n" + rest)


def make_vpc():
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    for service in ("sqs", "logs", "sts"):
        ec2.create_vpc_endpoint(VpcId=vpc, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.{service}",
                                SubnetIds=[subnet], PrivateDnsEnabled=True)
    return vpc


def inside(program):
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tried = []

    def holds(name, is_so, detail=""):
        tried.append(is_so)
        print(f"SHARED {name} ... {'ok' if is_so else 'FAILED'}", flush=True)
        if not is_so:
            print(f"    {detail}", flush=True)

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=MOTO, verbose=False)
    moto.start()
    vpc = make_vpc()
    client("s3").create_bucket(Bucket="vpc-config", CreateBucketConfiguration={"LocationConstraint": REGION})
    with tempfile.TemporaryDirectory() as directory:
        cache = f"{directory}/cache"
        take = ["inventory", "--vpc-id", vpc, "-o"]
        ran = vpcheck(program, *take, f"{directory}/inventory.json")
        taken = json.loads(Path(directory, "inventory.json").read_text())
        parts = ("vpcs", "subnets", "route_tables", "security_groups", "endpoints")
        same = lambda inventory: all(inventory[part].get("seen") == taken[part].get("seen") for part in parts)
        holds("the inventory is that of moto's VPC", taken["vpc_id"] == vpc and len(taken["endpoints"]["seen"]) == 3, ran.stderr)

        for place in ("s3://vpc-config/prod/a b.json", "ssm:/vpcheck/standard", "ssm:/vpcheck/advanced?tier=advanced"):
            ran = vpcheck(program, *take, place)
            named = place.split("?")[0]
            holds(f"{named} takes it", ran.returncode in (0, 3) and not ran.stdout and "not written" not in ran.stderr, ran.stderr)
            report, facts, _, ran = check(program, directory, place, "--inventory-cache", "off")
            holds(f"{named} gives it back", report["source"] == "file" and report["place"] == named and same(facts), f"{report} {ran.stderr}")

        held = client("ssm").get_parameters_by_path(Path="/vpcheck", Recursive=True, MaxResults=10)["Parameters"]
        longest = {tier: max(len(p["Value"].encode()) for p in held if tier in p["Name"]) for tier in ("standard", "advanced")}
        holds("parts fill parameters and no more", 3000 < longest["standard"] <= 4096 < longest["advanced"] <= 8192, f"{longest}")
        text = client("s3").get_object(Bucket="vpc-config", Key="prod/a b.json")["Body"].read().decode()
        holds("no credential is in what is written", SECRET not in text and "AKIDEXAMPLE" not in text)

        place = "s3://vpc-config/prod/a b.json"
        check(program, directory, place, "--inventory-cache", cache)
        report, facts, _, _ = check(program, directory, place, "--inventory-cache", cache)
        holds("what was fetched stands without asking", "skipped" in facts["fetch"]["asked"] and "kept_since" in report, f"{report}")
        let_be_due(cache)
        report, facts, _, _ = check(program, directory, place, "--inventory-cache", cache)
        holds("it is asked for by its entity tag", facts["fetch"]["asked"].get("seen") == "unchanged" and same(facts), f"{facts['fetch']}")
        for parameter in ("ssm:/vpcheck/standard",):
            check(program, directory, parameter, "--inventory-cache", cache)
            let_be_due(cache)
            _, facts, _, _ = check(program, directory, parameter, "--inventory-cache", cache)
            holds("a parameter is asked for by its digest", facts["fetch"]["asked"].get("seen") == "unchanged" and same(facts), f"{facts['fetch']}")
        vpcheck(program, *take, place)
        let_be_due(cache)
        report, facts, _, _ = check(program, directory, place, "--inventory-cache", cache)
        holds("a new one is fetched", facts["fetch"]["asked"].get("seen") == "new" and report["taken_at"] > taken["taken_at"], f"{report}")

        report, _, codes, _ = check(program, directory, "s3://vpc-config/none.json", "--inventory-cache", cache)
        holds("an object that is not there is told", report["source"] == "none" and "NoSuchKey" in report["error"], f"{report}")
        report, _, codes, _ = check(program, directory, "s3://no-such-bucket/x", "--inventory-cache", cache)
        holds("so is a bucket", report["source"] == "none" and "NoSuchBucket" in report["error"], f"{report}")
        report, _, codes, _ = check(program, directory, "ssm:/none", "--inventory-cache", cache)
        holds("so is a parameter", report["source"] == "none" and "no such parameter" in report["error"], f"{report}")
        client("s3").put_object(Bucket="vpc-config", Key="garbage.json", Body=b"\x00\xff<html>")
        report, _, codes, ran = check(program, directory, "s3://vpc-config/garbage.json")
        holds("what is no inventory is told", report["source"] == "none" and "line 1" in report["error"] and ran.returncode in (1, 3), f"{report}")

        small = json.dumps({"inventory_version": 1, "source": "ec2-api", "taken_at": taken["taken_at"], "vpc_id": vpc})
        client("ssm").put_parameter(Name="/small", Type="SecureString", Value=small)
        report, _, _, ran = check(program, directory, "ssm:/small", "--inventory-cache", "off")
        holds("a small one may be a SecureString", report["source"] == "file" and report["taken_at"][:19] == taken["taken_at"][:19], f"{report} {ran.stderr}")

        # More than parameters hold.
        ec2 = client("ec2")
        for number in range(400):
            ec2.create_security_group(VpcId=vpc, GroupName=f"group-{number}", Description="one of many")
        ran = vpcheck(program, *take, "ssm:/vpcheck/standard", "--timeout", "5s")
        lines = [line for line in ran.stderr.splitlines() if "s3://BUCKET/KEY" in line]
        holds("what does not fit is refused in one sentence", ran.returncode == 2 and len(lines) == 1, f"{ran.returncode} {ran.stderr}")
        ran = vpcheck(program, *take, "s3://no-such-bucket/x")
        holds("a bucket that is not there takes nothing", ran.returncode == 2 and "NoSuchBucket" in ran.stderr, ran.stderr)
        ran = vpcheck(program, *take, place, environment={"AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_S3": URL})
        before = client("s3").get_object(Bucket="vpc-config", Key="prod/a b.json")["Body"].read()
        holds("one that says nothing replaces none", ran.returncode == 2 and vpc.encode() in before, ran.stderr)

        moto.stop()
        let_be_due(cache)
        report, facts, codes, ran = check(program, directory, place, "--inventory-cache", cache)
        holds("where nobody answers the copy does", report["source"] == "file" and "kept_since" in report and "failed" in facts["fetch"]["asked"]
              and not codes & {"inventory-unreachable", "inventory-stale"}, f"{report} {codes} {ran.stderr}")
        holds("the report says so", "s3:GetObject" in (report["error"] or ""), f"{report}")
        report, _, codes, _ = check(program, directory, place, "--inventory-cache", cache, "--inventory-max-age", "1s")
        holds("an old copy does not", report["source"] == "none", f"{report}")
        mode = oct(os.stat(cache).st_mode & 0o777)
        holds("what is kept is its owner's alone", mode == "0o700", mode)

    failed = tried.count(False)
    print(f"{len(tried) - failed} passed, {failed} failed", flush=True)
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(*sys.argv[2:])
    else:
        sys.exit(subprocess.run([*peers.namespaces(), sys.executable, __file__, "--inside", sys.argv[1]]).returncode)
