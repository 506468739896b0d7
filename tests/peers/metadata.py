"""The instance metadata service, version 2 only.

moto has one of its own, which cannot be used: it knows nothing of network/interfaces/macs (it answers 500), gives out
one fixed token and checks none, and has neither services/domain nor the instance identity document.
"""

import http.server
import json
import secrets
import sys
from datetime import datetime, timedelta, timezone

import names


def tree(world):
    """Every item by its path below /latest/."""
    now = datetime.now(timezone.utc)
    stamp = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
    items = {
        "instance-id": world["instance"],
        "instance-type": "m7g.large",
        "local-ipv4": names.HOST,
        "mac": world["mac"],
        "placement/availability-zone": "us-east-1a",
        "placement/availability-zone-id": world["zone_id"],
        "placement/region": names.REGION,
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
        "iam/security-credentials/probe": json.dumps({
            "Code": "Success", "LastUpdated": stamp(now), "Type": "AWS-HMAC",
            "AccessKeyId": world["credentials"]["AccessKeyId"],
            "SecretAccessKey": world["credentials"]["SecretAccessKey"],
            "Token": world["credentials"]["SessionToken"], "Expiration": stamp(now + timedelta(hours=6)),
        }),
    }
    interface = {
        "device-number": "0", "interface-id": world["interface"], "local-ipv4s": names.HOST, "mac": world["mac"],
        "owner-id": names.ACCOUNT, "security-group-ids": world["host_group"], "security-groups": "host",
        "subnet-id": world["subnet"], "subnet-ipv4-cidr-block": names.SUBNETS["host"][0], "vpc-id": world["vpc"],
        "vpc-ipv4-cidr-block": names.VPC_RANGE, "vpc-ipv4-cidr-blocks": names.VPC_RANGE,
    }
    items.update({f"network/interfaces/macs/{world['mac']}/{key}": value for key, value in interface.items()})
    latest = {f"meta-data/{key}": value for key, value in items.items()}
    latest["dynamic/instance-identity/document"] = json.dumps({
        "accountId": names.ACCOUNT, "architecture": "arm64", "availabilityZone": "us-east-1a",
        "imageId": "ami-12c6146b", "instanceId": world["instance"], "instanceType": "m7g.large",
        "pendingTime": stamp(now), "privateIp": names.HOST, "region": names.REGION, "version": "2017-09-30",
    })
    return latest


def handler(items):
    tokens = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: apart, each answer would wait for the acknowledgement of its head.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_PUT(self):
            life = self.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
            if self.path != "/latest/api/token" or "x-forwarded-for" in self.headers:
                return self.answer(403)
            if not life.isdigit() or not 1 <= int(life) <= 21600:
                return self.answer(400)
            tokens.add(token := secrets.token_urlsafe(40))
            self.answer(200, token, life)

        def do_GET(self):
            if self.headers.get("x-aws-ec2-metadata-token") not in tokens:
                return self.answer(401)
            path = self.path.removeprefix("/latest/").rstrip("/")
            if path in items:
                return self.answer(200, items[path])
            below = [key.removeprefix(path + "/") for key in items if key.startswith(path + "/")]
            listing = {key.split("/")[0] + ("/" if "/" in key else "") for key in below}
            self.answer(200, "\n".join(sorted(listing))) if listing else self.answer(404)

        def answer(self, status, body="", life=None):
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            if life:
                self.send_header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", life)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments):
            pass

    return Handler


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        served = handler(tree(json.load(file)))
    http.server.ThreadingHTTPServer.request_queue_size = 64
    http.server.ThreadingHTTPServer((names.METADATA, 80), served).serve_forever()
