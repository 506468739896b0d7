"""moto's server as the EC2, SQS, STS and IAM APIs, with the world of one situation in it.

Everything is made through the API itself, as somebody's Terraform would. What moto does otherwise than AWS and would
decide a verdict is mended in its memory afterwards, each with a word on the difference (`mend`).

`aws.py SITUATION WORLD`: reads a situation's "aws" table as JSON, serves on 127.0.0.1:5000, writes WORLD when it is ready.
"""

import json
import os
import sys
import time

os.environ.update(AWS_ACCESS_KEY_ID="seed", AWS_SECRET_ACCESS_KEY="seed", AWS_DEFAULT_REGION="us-east-1")

import boto3
import requests
from moto.ec2 import ec2_backends
from moto.server import ThreadedMotoServer

import names

URL = "http://127.0.0.1:5000"
# The endpoints admit this account alone; moto's own default policy allows everybody everything, as AWS's does.
ENDPOINT_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
    "Condition": {"StringEquals": {"aws:PrincipalAccount": names.ACCOUNT}}}]})
DESCRIBE = {"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:GetManagedPrefixListEntries"], "Resource": "*"}


def client(name):
    return boto3.client(name, endpoint_url=URL)


def seed(situation):
    """Makes the world of a situation and tells what of it others need to know."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock=names.VPC_RANGE)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": situation.get("dns_hostnames", True)})
    options = ec2.create_dhcp_options(DhcpConfigurations=[
        {"Key": "domain-name-servers", "Values": [situation.get("name_server", "AmazonProvidedDNS")]}])
    ec2.associate_dhcp_options(VpcId=vpc, DhcpOptionsId=options["DhcpOptions"]["DhcpOptionsId"])
    subnets = {
        name: ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for name, (cidr, zone) in names.SUBNETS.items()
    }
    host_group = group(ec2, vpc, "host", None)
    endpoint_group = group(ec2, vpc, "endpoints", situation.get("ingress_from", names.VPC_RANGE))
    # Of its own, so that the EC2 API can still tell what is the matter with the others.
    api_group = group(ec2, vpc, "ec2-api", names.VPC_RANGE)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    for subnet in subnets.values():
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    if situation.get("nat"):
        nat = ec2.create_nat_gateway(SubnetId=subnets["host"], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    endpoints = {}
    for service in names.INTERFACE:
        if service in situation.get("without", []):
            continue
        made = ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName=f"com.amazonaws.{names.REGION}.{service}", VpcEndpointType="Interface",
            SubnetIds=[subnets["a"], subnets["b"]], PolicyDocument=ENDPOINT_POLICY,
            SecurityGroupIds=[api_group if service == "ec2" else endpoint_group],
            # To be said at creation: moto's ModifyVpcEndpoint ignores PrivateDnsEnabled.
            PrivateDnsEnabled=service not in situation.get("private_dns_off", []))
        endpoints[service] = made["VpcEndpoint"]["VpcEndpointId"]
    for service in names.GATEWAY:
        routed = service not in situation.get("unrouted", [])
        made = ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName=f"com.amazonaws.{names.REGION}.{service}", VpcEndpointType="Gateway",
            PolicyDocument=ENDPOINT_POLICY, RouteTableIds=[table] if routed else [])
        endpoints[service] = made["VpcEndpoint"]["VpcEndpointId"]
    mend(endpoints)
    if deleted := [endpoints[service] for service in situation.get("deleted", [])]:
        ec2.delete_vpc_endpoints(VpcEndpointIds=deleted)
    interface = ec2.create_network_interface(SubnetId=subnets["host"], PrivateIpAddress=names.HOST, Groups=[host_group])
    instance = ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m7g.large",
        NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": interface["NetworkInterface"]["NetworkInterfaceId"]}])
    interface = ec2.describe_network_interfaces(
        NetworkInterfaceIds=[interface["NetworkInterface"]["NetworkInterfaceId"]])["NetworkInterfaces"][0]
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    client("sqs").create_queue(QueueName="canary")
    # moto makes up its list of services at the first question, which takes it longer than one probe may.
    ec2.describe_vpc_endpoint_services()
    return {
        "vpc": vpc, "subnet": subnets["host"], "host_group": host_group, "endpoint_group": endpoint_group,
        "endpoints": endpoints, "interface": interface["NetworkInterfaceId"], "mac": interface["MacAddress"],
        "instance": instance["Instances"][0]["InstanceId"],
        "zone_id": next(zone["ZoneId"] for zone in zones if zone["ZoneName"] == "us-east-1a"),
        "credentials": credentials(situation),
    }


def group(ec2, vpc, name, admits):
    """A security group that admits a range on 443, or nobody."""
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    if admits:
        ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": admits}]}])
    return made


def credentials(situation):
    """A role's temporary credentials; with `authorize`, moto holds every later call to the role's policy."""
    iam = client("iam")
    iam.create_role(RoleName="probe", AssumeRolePolicyDocument="{}")
    policy = {"Version": "2012-10-17", "Statement": [DESCRIBE]}
    iam.put_role_policy(RoleName="probe", PolicyName="probe", PolicyDocument=json.dumps(policy))
    assumed = client("sts").assume_role(RoleArn=f"arn:aws:iam::{names.ACCOUNT}:role/probe", RoleSessionName="i-probe")
    if situation.get("authorize"):
        requests.post(f"{URL}/moto-api/reset-auth", data=b"0", timeout=5).raise_for_status()
    return {key: value for key, value in assumed["Credentials"].items() if key != "Expiration"}


def mend(endpoints):
    """Puts right what moto 5.2.5 does otherwise than EC2 and what decides a verdict."""
    backend = ec2_backends[names.ACCOUNT][names.REGION]
    for service, endpoint_id in endpoints.items():
        endpoint = backend.vpc_end_points[endpoint_id]
        if service not in names.INTERFACE:
            # EC2: a gateway endpoint has no private DNS. moto: true unless told otherwise.
            endpoint.private_dns_enabled = False
            continue
        for address, eni_id in zip(names.private_addresses(service), endpoint.network_interface_ids):
            eni = backend.enis[eni_id]
            # EC2: an address of the subnet. moto: a random one of 10.0.0.0/8, mostly outside the VPC.
            eni.private_ip_address = address
            eni.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
            # EC2: the endpoint's groups. moto: the VPC's default group.
            eni._group_set = [backend.get_security_group_from_id(group) for group in endpoint.security_group_ids]
            # EC2: made and kept by the service, in use. moto: an interface of the customer's that lies about.
            eni.interface_type, eni.requester_managed, eni.status = "vpc_endpoint", True, "in-use"
            eni.description = f"VPC Endpoint Interface {endpoint_id}"
        # EC2: a regional and the zones' public names, then the private ones while private DNS is on.
        # moto: one entry of a shape that exists nowhere (vpce-….com.amazonaws.us-east-1.sqs).
        public = f"{endpoint_id}-0a1b2c3d"
        zone = f"{service}.{names.REGION}.vpce.amazonaws.com"
        entries = [(f"{public}{suffix}.{zone}", "Z7HUB22UULQXV") for suffix in ("", "-us-east-1a", "-us-east-1b")]
        if endpoint.private_dns_enabled:
            entries += [(name, "Z0PRIVATE0EXAMPLE") for name in names.INTERFACE[service][1]]
        endpoint.dns_entries = [{"dns_name": name, "hosted_zone_id": zone_id} for name, zone_id in entries]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        wanted = json.load(file)
    ThreadedMotoServer(ip_address="127.0.0.1", port=5000, verbose=False).start()
    world = seed(wanted)
    with open(sys.argv[2] + ".part", "w", encoding="utf-8") as file:
        json.dump(world, file)
    os.rename(sys.argv[2] + ".part", sys.argv[2])
    while True:
        time.sleep(3600)
