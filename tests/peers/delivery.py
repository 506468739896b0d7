"""Delivery against services that are not ours: moto's S3 and Security Hub, and botocore's model of Systems Manager.

    delivery.py VPCHECK

Plays in a namespace of its own in which nothing but 127.0.0.1 exists, so the check itself fails; what is looked at is
where its result goes. Prints what it tried, and "N passed, M failed" at the end.
"""

import http.server
import json
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import boto3
import botocore.session
from botocore.validate import ParamValidator
from moto.server import ThreadedMotoServer

import peers

REGION = "eu-west-1"
MOTO = 5000
SSM = 5001
# RFC 5424: priority and version, time, host, application, process, message id, structured data, text.
SYSLOG = re.compile(r'<(\d{1,3})>1 \d{4}-\d\d-\d\dT[\d:.]+Z - vpcheck - \w+ \[vpcheck@32473( \w+="([^"\\\]]|\\["\\\]])*")+\] .+')
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a-secret-nobody-may-see",
    "AWS_REGION": REGION,
    "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{MOTO}", "AWS_ENDPOINT_URL_SECURITYHUB": f"http://127.0.0.1:{MOTO}",
    "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{SSM}",
}


def client(name):
    return boto3.client(name, endpoint_url=f"http://127.0.0.1:{MOTO}", region_name=REGION,
                        aws_access_key_id="judge", aws_secret_access_key="judge")


class SystemsManager(http.server.BaseHTTPRequestHandler):
    """Takes what the service's model takes, and refuses the rest as the service does."""

    protocol_version = "HTTP/1.1"
    model = botocore.session.get_session().get_service_model("ssm")
    taken = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        operation = self.headers["x-amz-target"].removeprefix("AmazonSSM.")
        wrong = ParamValidator().validate(body, self.model.operation_model(operation).input_shape).generate_report()
        signed = "/ssm/aws4_request" in self.headers.get("authorization", "")
        answer = b"{}" if signed and not wrong else json.dumps({"__type": "ValidationException", "message": wrong}).encode()
        self.taken.append((operation, body, wrong))
        self.send_response(200 if answer == b"{}" else 400)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Metadata(http.server.BaseHTTPRequestHandler):
    """As much of the instance metadata service as tells which instance this is."""

    protocol_version = "HTTP/1.1"
    document = {"accountId": "123456789012", "region": REGION, "instanceId": "i-0123456789abcdef0"}
    items = {
        "/latest/dynamic/instance-identity/document": json.dumps(document),
        "/latest/meta-data/instance-id": document["instanceId"],
        "/latest/meta-data/placement/region": REGION,
    }

    def answer(self, text, status=200):
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        self.answer("token")

    def do_GET(self):
        self.answer(self.items.get(self.path, ""), 200 if self.path in self.items else 404)

    def log_message(self, *_):
        pass


def serve(address, handler):
    server = http.server.ThreadingHTTPServer(address, handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def check(vpcheck, directory, *words, environment=None):
    command = [vpcheck, "check", "sqs", "--inventory", "off", "--timeout", "500ms", "-o", f"json={directory}/report.json",
               "--spool", f"{directory}/spool", *words]
    ran = subprocess.run(command, env=ENVIRONMENT | (environment or {}), capture_output=True, text=True, timeout=60)
    return ran, json.loads((Path(directory) / "report.json").read_text())


def waiting(directory):
    spool = Path(directory) / "spool"
    return sorted(path.name for path in spool.glob("*.parcel.json")) if spool.exists() else []


def local_logs():
    """Sockets where the journal and the system log listen, in this mount namespace alone."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    with tempfile.TemporaryDirectory() as devices:
        subprocess.run(["mount", "--rbind", "/dev", devices], check=True)
        for place in ("/run", "/dev"):
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
        for device in ("null", "random", "urandom"):
            Path("/dev", device).touch()
            subprocess.run(["mount", "--bind", f"{devices}/{device}", f"/dev/{device}"], check=True)
        subprocess.run(["umount", "-l", devices], check=True)
    Path("/run/systemd/journal").mkdir(parents=True)
    sockets = []
    for path in ("/run/systemd/journal/socket", "/dev/log"):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(path)
        listener.setblocking(False)
        sockets.append(listener)
    return sockets


def received(listener):
    """What came in so far."""
    came = []
    while True:
        try:
            came.append(listener.recv(65536))
        except BlockingIOError:
            return came


def objects(bucket):
    return [item["Key"] for item in client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def inside(vpcheck):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "addr", "add", "169.254.169.254/32", "dev", "lo"], check=True)
    serve(("169.254.169.254", 80), Metadata)
    serve(("127.0.0.1", SSM), SystemsManager)
    tried = []

    def holds(name, is_so, detail=""):
        tried.append(is_so)
        print(f"DELIVERY {name} ... {'ok' if is_so else 'FAILED'}", flush=True)
        if not is_so:
            print(f"    {detail}", flush=True)

    with tempfile.TemporaryDirectory() as directory:
        # Nobody is there yet: the result waits, and the check's own outcome is what it is.
        to_s3 = ["--deliver", "s3://evidence/vpc"]
        ran, first = check(vpcheck, directory, *to_s3)
        holds("what cannot be delivered waits", len(waiting(directory)) == 1 and ran.returncode == 1, ran.stderr)
        holds("it is said on standard error alone", "s3://evidence" in ran.stderr and not ran.stdout, ran.stderr)

        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=MOTO, verbose=False)
        moto.start()
        # The bucket is not there yet either.
        ran, second = check(vpcheck, directory, *to_s3)
        holds("a refusal that may pass waits as well", len(waiting(directory)) == 2, ran.stderr)

        client("s3").create_bucket(Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": REGION})
        ran, third = check(vpcheck, directory, *to_s3)
        keys = objects("evidence")
        day = third["started_at"][:10]
        wanted = [f"vpc/account=123456789012/region={REGION}/date={day}/{report['run_id']}.json"
                  for report in (first, second, third)]
        holds("the next run delivers all that waited", sorted(keys) == sorted(wanted) and not waiting(directory), f"{keys} {ran.stderr}")
        held = [json.loads(client("s3").get_object(Bucket="evidence", Key=key)["Body"].read()) for key in wanted]
        holds("each object is its run's report", held == [first, second, third])

        ran, report = check(vpcheck, directory, "--deliver", "s3://evidence/kms?kms-key=alias/evidence&sse=aws:kms")
        key = [key for key in objects("evidence") if key.startswith("kms/")]
        head = client("s3").head_object(Bucket="evidence", Key=key[0]) if key else {}
        holds("encryption is asked for", head.get("ServerSideEncryption") == "aws:kms" and head.get("SSEKMSKeyId") == "alias/evidence", f"{head} {ran.stderr}")

        ran, report = check(vpcheck, directory, "--deliver", "security-hub")
        found = client("securityhub").get_findings()["Findings"]
        codes = {finding["GeneratorId"] for finding in found}
        expected = {"vpcheck/run"} | {f"vpcheck/{finding['code']}" for finding in report["findings"]}
        holds("findings are in Security Hub", codes == expected and all(f["RecordState"] == "ACTIVE" for f in found), f"{codes} {expected} {ran.stderr}")
        ids = sorted(finding["Id"] for finding in found)
        ran, report = check(vpcheck, directory, "--deliver", "security-hub")
        again = sorted(finding["Id"] for finding in client("securityhub").get_findings()["Findings"])
        holds("the same findings have the same ids", set(again) == set(ids), f"{ids} {again}")

        ran, report = check(vpcheck, directory, "--deliver", "ssm-compliance")
        operation, body, wrong = SystemsManager.taken[-1] if SystemsManager.taken else (None, {}, "nothing came")
        holds("compliance is what the service's model takes", operation == "PutComplianceItems" and not wrong and not waiting(directory), f"{wrong} {ran.stderr}")
        statuses = {item["Id"].split("/")[0]: item["Status"] for item in body.get("Items", [])}
        holds("the run and its failure are not compliant", statuses.get("run") == "NON_COMPLIANT" and len(statuses) > 1
              and body["ResourceId"] == "i-0123456789abcdef0" and body["ComplianceType"] == "Custom:VpcEndpointPrivacy", f"{body}")

        key = f"{directory}/key"
        subprocess.run([vpcheck, "signing-key", key], env=ENVIRONMENT, capture_output=True, check=True)
        for _ in range(2):
            ran, _ = check(vpcheck, directory, "--evidence", f"{directory}/evidence", "--signing-key", key, "--deliver", "s3://evidence/signed")
        fetched = Path(directory) / "fetched"
        fetched.mkdir()
        for name in [name for name in objects("evidence") if name.startswith("signed/")]:
            (fetched / Path(name).name).write_bytes(client("s3").get_object(Bucket="evidence", Key=name)["Body"].read())
        kept = {path.name: path.read_bytes() for path in (Path(directory) / "evidence").glob("evidence-*")}
        came = {path.name: path.read_bytes() for path in fetched.iterdir()}
        holds("evidence arrives as it is kept", len(kept) == 2 and came == kept, f"{sorted(kept)} {sorted(came)} {ran.stderr}")
        proofs = [subprocess.run([vpcheck, "verify", path, "--public-key", f"{key}.pub"], env=ENVIRONMENT, capture_output=True, text=True)
                  for path in sorted(fetched.iterdir())]
        holds("evidence from the bucket verifies", proofs and all(proof.returncode == 0 for proof in proofs), str([p.stdout for p in proofs]))

        journal, syslog = local_logs()
        ran, report = check(vpcheck, directory, "--deliver", "journald", "--deliver", "syslog")
        entries = [dict(line.split("=", 1) for line in entry.decode().splitlines()) for entry in received(journal)]
        codes = {entry.get("VPCHECK_CODE") for entry in entries} - {None}
        expected = {finding["code"] for finding in report["findings"]}
        holds("the journal gets fields", codes == expected and entries[0]["VPCHECK_VERDICT"] == "fail" and not ran.stderr, f"{entries} {ran.stderr}")
        messages = [message.decode() for message in received(syslog)]
        holds("syslog gets structured data", len(messages) == len(entries) and all(SYSLOG.fullmatch(m) for m in messages), f"{messages}")

        # Nobody's secret stands in what waits.
        moto.stop()
        check(vpcheck, directory, *to_s3, "--deliver", "security-hub")
        text = "".join((Path(directory) / "spool" / name).read_text() for name in waiting(directory))
        holds("no credential is in the spool", len(waiting(directory)) == 2 and "a-secret-nobody-may-see" not in text)

        hole = serve(("127.0.0.1", MOTO), type("Silent", (SystemsManager,), {"do_PUT": lambda self: time.sleep(30)}))
        began = time.monotonic()
        ran, _ = check(vpcheck, directory, *to_s3, "--deadline", "3s")
        took = time.monotonic() - began
        holds("a destination that says nothing keeps nobody", took < 8 and waiting(directory), f"{took:.1f} s {ran.stderr}")
        hole.shutdown()

    failed = tried.count(False)
    print(f"{len(tried) - failed} passed, {failed} failed", flush=True)
    # Threads of servers that wait do not matter any more.
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(*sys.argv[2:])
    else:
        sys.exit(subprocess.run([*peers.namespaces(), sys.executable, __file__, "--inside", sys.argv[1]]).returncode)
