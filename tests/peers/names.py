"""The services of the world that the peers play: names, addresses, private and public."""

REGION = "us-east-1"
ACCOUNT = "123456789012"
VPC_RANGE = "10.0.0.0/16"
HOST = "10.0.1.10"
# The VPC's resolver answers at both of these ("DNS attributes for your VPC", Amazon VPC User Guide).
RESOLVERS = ["10.0.0.2", "169.254.169.253"]
CORPORATE_RESOLVER = "10.0.0.53"
METADATA = "169.254.169.254"
# One subnet of endpoints per zone.
SUBNETS = {
    "host": ("10.0.1.0/24", "us-east-1a"),
    "a": ("10.0.10.0/24", "us-east-1a"),
    "b": ("10.0.11.0/24", "us-east-1b"),
}

# Interface endpoints: the last number of the address in each zone's subnet, and the private names that
# `aws ec2 describe-vpc-endpoints` lists for an endpoint with private DNS.
INTERFACE = {
    "sqs": (55, ["sqs.us-east-1.amazonaws.com", "sqs.us-east-1.api.aws"]),
    "ssm": (56, ["ssm.us-east-1.amazonaws.com", "ssm.us-east-1.api.aws"]),
    "ssmmessages": (57, ["ssmmessages.us-east-1.amazonaws.com", "ssmmessages.us-east-1.api.aws"]),
    "ec2messages": (58, ["ec2messages.us-east-1.amazonaws.com"]),
    "logs": (59, ["logs.us-east-1.amazonaws.com", "logs.us-east-1.api.aws"]),
    "kms": (60, ["kms.us-east-1.amazonaws.com", "kms.us-east-1.api.aws"]),
    "monitoring": (61, ["monitoring.us-east-1.amazonaws.com", "monitoring.us-east-1.api.aws"]),
    "sts": (62, ["sts.us-east-1.amazonaws.com", "sts.us-east-1.api.aws"]),
    "ec2": (63, ["ec2.us-east-1.amazonaws.com", "ec2.us-east-1.api.aws"]),
}
# Gateway endpoints: names stay public, and the address lies in the range that moto's prefix list has.
GATEWAY = {
    "s3": ("52.216.10.20", ["s3.us-east-1.amazonaws.com"]),
    "dynamodb": ("52.94.0.20", ["dynamodb.us-east-1.amazonaws.com"]),
}
# Names that are public whatever endpoints there are: SQS's legacy names, STS's global one.
ALWAYS_PUBLIC = {
    "queue.amazonaws.com": ("sqs", "3.236.169.1"),
    "us-east-1.queue.amazonaws.com": ("sqs", "3.236.169.2"),
    "sqs-fips.us-east-1.amazonaws.com": ("sqs", "3.236.169.3"),
    "sts.amazonaws.com": ("sts", "3.236.169.4"),
}


def private_addresses(service):
    """Where a service's endpoint answers: one address per zone."""
    number, _ = INTERFACE[service]
    return [f"10.0.10.{number}", f"10.0.11.{number}"]


def public_address(service):
    """Where the public name of a service points."""
    if service in GATEWAY:
        return GATEWAY[service][0]
    return f"3.236.169.{INTERFACE[service][0]}"


def public_names():
    """Every public name with its address."""
    names = {name: address for name, (_, address) in ALWAYS_PUBLIC.items()}
    for service, (_, own) in {**INTERFACE, **GATEWAY}.items():
        names.update({name: public_address(service) for name in own})
    return names


def certificate_names(service):
    """The names on a service's certificate, which is the same on its public and its private side."""
    own = (INTERFACE.get(service) or GATEWAY[service])[1]
    more = [name for name, (of, _) in ALWAYS_PUBLIC.items() if of == service]
    wildcard = [f"*.s3.{REGION}.amazonaws.com"] if service == "s3" else [f"*.{service}.{REGION}.vpce.amazonaws.com"]
    return own + more + wildcard
