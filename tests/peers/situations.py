"""What is the matter, by which peer's own means it is brought about, and what vpcheck has to say of it.

Keys: `aws` is what moto's world differs in; the others are what unbound, nginx and the host's files differ in.
`fails` is the one finding of severity fail, as (code, services); `besides` are lesser ones that must be there,
`maybe` those that may.
"""

import names

QUEUE = f"https://sqs.{names.REGION}.amazonaws.com/{names.ACCOUNT}/canary"
# The services of `ec2-ssm` that have interface endpoints.
INTERFACES = ["ec2messages", "kms", "logs", "monitoring", "sqs", "ssm", "ssmmessages", "sts"]
EVERYTHING = sorted([*INTERFACES, "s3"])

SITUATIONS = {
    "healthy": {
        "why": "Everything as it should be: no finding but a word on SQS's legacy names.",
        "besides": {"legacy-name-public"}, "canary": "sent",
        "routes": {"sqs": "interface-endpoint", "ssm": "interface-endpoint", "s3": "gateway-endpoint"},
    },
    "private-dns-disabled": {
        "why": "An endpoint made with PrivateDnsEnabled=false in moto; unbound has no private zone for it.",
        "aws": {"private_dns_off": ["ssm"]}, "fails": ("private-dns-disabled", ["ssm"]), "canary": "sent",
    },
    "private-dns-disabled-queue": {
        "why": "The same of the queue's own service, in an isolated subnet: that no canary is sent follows.",
        "aws": {"private_dns_off": ["sqs"]}, "fails": ("private-dns-disabled", ["sqs"]), "canary": "skipped",
    },
    "endpoint-missing": {
        "why": "moto has no endpoint for the service.",
        "aws": {"without": ["ssmmessages"]}, "fails": ("endpoint-missing", ["ssmmessages"]), "canary": "sent",
    },
    "endpoint-deleted": {
        "why": "The endpoint was deleted. moto keeps it in its list as `deleted` for ever, EC2 for a while.",
        "aws": {"deleted": ["ssm"]}, "fails": ("endpoint-missing", ["ssm"]), "canary": "sent",
    },
    "vpc-dns-attributes-off": {
        "why": "ModifyVpcAttribute in moto; unbound then has no private zones at all. NAT keeps the EC2 API within reach.",
        "aws": {"dns_hostnames": False, "nat": True}, "fails": ("vpc-dns-attributes-off", INTERFACES),
        "maybe": {"internet-route-present"},
    },
    "resolver-rule-forwards": {
        "why": "unbound as the VPC's resolver answers publicly, though moto's endpoint has private DNS on.",
        "forwarded": ["ssm"], "fails": ("resolver-rule-forwards", ["ssm"]), "canary": "sent",
    },
    "custom-resolver-bypass": {
        "why": "The host asks a second unbound, which knows the public zones alone.",
        "host_resolver": names.CORPORATE_RESOLVER, "fails": ("custom-resolver-bypass", INTERFACES),
        # The EC2 API's name is public too, so the inventory is missing and S3's route stays open.
        "maybe": {"gateway-unconfirmed"},
    },
    "private-zone-missing-record": {
        "why": "A private zone in unbound shadows the region's names; those of endpoints are more specific, S3's is lost.",
        "private_zone": f"{names.REGION}.amazonaws.com", "fails": ("private-zone-missing-record", ["s3"]), "canary": "sent",
    },
    "dns-timeout": {
        "why": "unbound is suspended: it holds the port and answers nothing.",
        "suspended": "resolver", "fails": ("dns-timeout", EVERYTHING),
    },
    "dns-timeout-port-closed": {
        "why": "unbound is gone: the port is closed.",
        "dead": "resolver", "fails": ("dns-timeout", EVERYTHING),
    },
    "dns-timeout-corporate": {
        "why": "The second unbound, which the host asks, is suspended, while the VPC's answers.",
        "host_resolver": names.CORPORATE_RESOLVER, "suspended": "corporate", "fails": ("dns-timeout", EVERYTHING),
    },
    "dns-timeout-corporate-port-closed": {
        "why": "The second unbound is gone, while the VPC's answers.",
        "host_resolver": names.CORPORATE_RESOLVER, "dead": "corporate", "fails": ("dns-timeout", EVERYTHING),
    },
    "dns-servfail": {
        "why": "unbound's zone could not be transferred: it says SERVFAIL.",
        "servfail": True, "fails": ("dns-servfail", EVERYTHING),
    },
    "dns-refused": {
        "why": "unbound's access control refuses this client.",
        "access": "refuse", "fails": ("dns-refused", EVERYTHING),
    },
    "security-group-blocks-443": {
        "why": "The group in moto admits another range, and no address of its endpoints answers.",
        "aws": {"ingress_from": "10.0.99.0/24"}, "swallows": INTERFACES,
        "fails": ("security-group-blocks-443", INTERFACES), "canary": "skipped",
    },
    "gateway-route-missing": {
        "why": "moto's gateway endpoint has no route table.",
        "aws": {"unrouted": ["s3"]}, "fails": ("gateway-route-missing", ["s3"]), "canary": "sent",
    },
    "endpoint-address-down": {
        "why": "nginx has lost one of the two listeners: that address refuses.",
        "dropped": [names.private_addresses("ssm")[1]], "fails": ("endpoint-address-down", ["ssm"]), "canary": "sent",
    },
    "tls-intercepted": {
        "why": "nginx has certificates of a company's root, which the host trusts.",
        "certificates": {"sqs": "intercepted"}, "fails": ("tls-intercepted", ["sqs"]), "canary": "skipped",
    },
    "tls-intercepted-everywhere": {
        "why": "The same in front of every service, the EC2 API among them: neither credentials nor the canary go there.",
        "certificates": {"*": "intercepted"}, "fails": ("tls-intercepted", EVERYTHING), "canary": "skipped",
        # Without an inventory S3's route stays open.
        "maybe": {"gateway-unconfirmed"},
    },
    "tls-expired": {
        "why": "nginx has a certificate that ended yesterday.",
        "certificates": {"ssm": "expired"}, "fails": ("tls-expired", ["ssm"]), "canary": "sent",
    },
    "tls-name-mismatch": {
        "why": "nginx has another service's certificate.",
        "certificates": {"ssm": "wrong-name"}, "fails": ("tls-name-mismatch", ["ssm"]), "canary": "sent",
    },
    "tls-too-old": {
        "why": "OpenSSL offers nothing newer than TLS 1.1.",
        "old_tls": ["ssm"], "fails": ("tls-too-old", ["ssm"]), "canary": "sent",
    },
    "not-the-service": {
        "why": "nginx welcomes its visitors, under the service's own certificate.",
        "welcomes": ["ssm"], "fails": ("not-the-service", ["ssm"]), "canary": "sent",
    },
    "queue-not-found": {
        "why": "moto's own answer for a queue that is not there.",
        "queue": QUEUE.replace("canary", "missing"), "fails": ("queue-not-found", ["sqs"]), "canary": "failed",
    },
    "access-denied": {
        # AWS: 403, x-amzn-query-error and JSON, ending "because no identity-based policy allows the sqs:sendmessage
        # action", hence identity-policy-denies. moto: 403 with an XML body no JSON client can read, without the header
        # and without the reason: nobody could tell which policy it was.
        "why": "moto holds the role to its policy, which has no sqs:SendMessage.",
        "aws": {"authorize": True}, "fails": ("access-denied", ["sqs"]), "canary": "failed",
    },
}
