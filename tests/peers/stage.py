"""The network of one situation: addresses, files of the host, unbound as the resolver, nginx as the services' front.

To be used in a user, network and mount namespace of its own; nothing in it can reach outside.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import names

SYSTEM_STORES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
# A public zone's own start of authority, and one of a private hosted zone's (Route 53 answers with its own servers).
PUBLIC_SOA = "900 IN SOA dns-external-master.amazon.com. root.amazon.com. 2010186151 180 60 3024000 60"
PRIVATE_SOA = "900 IN SOA ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"


class Stage:
    """What runs and stands in the namespace; `stop` ends the processes."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.running = {}

    def start(self, name, *command, environment=None):
        with open(self.directory / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment, cwd=self.directory)

    def stop(self):
        for process in self.running.values():
            # A suspended process takes no other signal.
            process.kill()
            process.wait()

    def wait(self, name, is_ready, seconds=40):
        """Waits until something holds; says what the process wrote where it does not come to that."""
        until = time.monotonic() + seconds
        while not is_ready():
            if self.running[name].poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{name} did not start: {(self.directory / f'{name}.log').read_text()[-2000:]}")
            time.sleep(0.05)

    def aws(self, situation_file):
        """Starts moto and gives back the file that tells its world."""
        world = self.directory / "world.json"
        here = Path(__file__).parent
        self.start("moto", sys.executable, here / "aws.py", situation_file, world)
        self.wait("moto", world.exists)
        return world

    def metadata(self, world_file):
        self.start("metadata", sys.executable, Path(__file__).parent / "metadata.py", world_file)
        self.wait("metadata", lambda: answers(names.METADATA, 80))

    def resolvers(self, situation):
        """unbound as the VPC's resolver and, where the situation has one, as a company's own."""
        self.unbound("resolver", names.RESOLVERS, vpc_resolver(situation), situation.get("access", "allow"))
        if "host_resolver" in situation:
            self.unbound("corporate", [situation["host_resolver"]], public_zones(), "allow")
        if suspended := self.running.get(situation.get("suspended")):
            # It keeps its socket and answers nothing more: what a silent resolver looks like from outside.
            suspended.send_signal(signal.SIGSTOP)
        if dead := self.running.get(situation.get("dead")):
            dead.kill()
            dead.wait()

    def unbound(self, name, addresses, zones, access):
        lines = ["server:", "  do-daemonize: no", '  username: ""', '  chroot: ""', f'  directory: "{self.directory}"',
                 f'  pidfile: "{self.directory}/{name}.pid"', "  use-syslog: no", "  do-ip6: no", "  num-threads: 1",
                 "  so-reuseport: no", '  module-config: "iterator"', "  rrset-roundrobin: yes", "  verbosity: 1",
                 f"  access-control: 0.0.0.0/0 {access}"]
        lines += [f"  interface: {address}" for address in addresses]
        lines += zones + ["remote-control:", "  control-enable: no"]
        file = self.directory / f"{name}.conf"
        file.write_text("\n".join(lines) + "\n")
        # A copy: where AppArmor confines the distribution's, it may read its own configuration alone.
        program = self.directory / "unbound"
        if not program.exists():
            shutil.copy(shutil.which("unbound"), program)
        self.start(name, program, "-d", "-p", "-c", file)
        self.wait(name, lambda: answers(addresses[-1], 53))

    def services(self, situation, pki):
        """nginx with TLS on every address that accepts connections, in front of moto or answering itself."""
        servers = []
        listening = []
        for service in [*names.INTERFACE, *names.GATEWAY]:
            if addresses := listeners(situation, service):
                servers.append(server(service, addresses, situation, pki))
                listening += addresses
        file = self.directory / "nginx.conf"
        file.write_text(NGINX.format(dir=self.directory, servers="".join(servers)))
        (self.directory / "welcome").mkdir(exist_ok=True)
        (self.directory / "welcome/index.html").write_text(WELCOME)
        self.start("nginx", "nginx", "-p", self.directory, "-c", file, "-e", "stderr")
        self.wait("nginx", lambda: all(answers(address, 443) for address in listening))


def lay_network(situation, mac):
    """Addresses that answer are local; all else leaves by a veth pair whose other end drops it: a SYN gets no answer."""
    local = [*names.RESOLVERS, names.METADATA]
    if "host_resolver" in situation:
        local.append(situation["host_resolver"])
    for service in [*names.INTERFACE, *names.GATEWAY]:
        local += [*listeners(situation, service)]
    local += situation.get("dropped", [])
    # The hardware address that moto gave the instance's interface.
    commands = ["link set lo up", f"link add eth0 address {mac} type veth peer name wire",
                "link set eth0 arp off addrgenmode none", "link set wire addrgenmode none", "link set wire up",
                "link set eth0 up", f"addr add {names.HOST}/24 dev eth0", f"route add default dev eth0 src {names.HOST}"]
    commands += [f"route add local {address} dev lo src {names.HOST}" for address in dict.fromkeys(local)]
    run(["ip", "-batch", "-"], "\n".join(commands) + "\n")


def lay_files(situation, directory, trusted):
    """Covers the host's resolver, hosts and trust files, in this mount namespace alone."""
    run(["mount", "--make-rprivate", "/"])
    covers = {
        "/etc/resolv.conf": f"nameserver {situation.get('host_resolver', names.RESOLVERS[0])}\n",
        "/etc/hosts": "127.0.0.1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    stores = [store for store in SYSTEM_STORES if os.path.exists(store)]
    covers.update(dict.fromkeys(stores, "".join(file.read_text() for file in trusted)))
    for target, text in covers.items():
        if not os.path.exists(target):
            raise RuntimeError(f"{target} does not exist and cannot be covered")
        source = Path(directory) / ("etc" + target.replace("/", "-"))
        source.write_text(text)
        run(["mount", "--bind", source, os.path.realpath(target)])


def listeners(situation, service):
    """The addresses of a service that accept connections."""
    if service in names.GATEWAY:
        # Through the gateway's route, or through the NAT gateway.
        unrouted = service in situation["aws"].get("unrouted", []) and not situation["aws"].get("nat")
        return [] if unrouted else [names.public_address(service)]
    gone = situation["aws"].get("without", []) + situation["aws"].get("deleted", [])
    swallowed = service in gone + situation.get("swallows", [])
    addresses = [] if swallowed else names.private_addresses(service)
    if situation["aws"].get("nat"):
        addresses = addresses + [names.public_address(service)]
    return [address for address in addresses if address not in situation.get("dropped", [])]


def public_zones(shadowed=lambda name: False):
    """What the internet knows: AWS's two public suffixes and nothing else. Shadowed names are left to other zones."""
    root_soa = "86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 1 1800 900 604800 86400"
    zones = ['  local-zone: "." static', f'  local-data: ". {root_soa}"']
    for suffix in ("amazonaws.com", "api.aws"):
        zones += [f'  local-zone: "{suffix}." static', f'  local-data: "{suffix}. {PUBLIC_SOA}"']
    known = names.public_names().items()
    return zones + [f'  local-data: "{name}. 60 IN A {address}"' for name, address in known if not shadowed(name)]


def vpc_resolver(situation):
    """The public zones, and before them a private zone for every name of an endpoint with private DNS."""
    if situation.get("servfail"):
        # A zone that could not be transferred and has no fallback: unbound itself then says SERVFAIL.
        return ["auth-zone:", '  name: "."', "  primary: 10.0.0.99", "  fallback-enabled: no", "  for-downstream: yes",
                "  for-upstream: no"]
    aws = situation["aws"]
    gone = [*aws.get("without", []), *aws.get("deleted", []), *aws.get("private_dns_off", [])]
    public = names.INTERFACE if aws.get("dns_hostnames") is False else [*gone, *situation.get("forwarded", [])]
    private = {name: service for service in names.INTERFACE if service not in public for name in names.INTERFACE[service][1]}
    zones = {name: names.private_addresses(service) for name, service in private.items()}
    if shadow := situation.get("private_zone"):
        zones[shadow] = []
    # unbound would add a public record to a private one of the same name; Route 53 answers from the private zone alone.
    lines = public_zones(lambda name: any(name == zone or name.endswith(f".{zone}") for zone in zones))
    for zone, addresses in zones.items():
        lines += [f'  local-zone: "{zone}." static', f'  local-data: "{zone}. {PRIVATE_SOA}"']
        lines += [f'  local-data: "{zone}. 60 IN A {address}"' for address in addresses]
    return lines


NGINX = """
daemon off;
user root;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log info;
events {{ worker_connections 256; }}
http {{
    log_format signed "$server_addr $signed";
    access_log {dir}/access.log signed;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    server_tokens off;
    # nginx takes 8 KiB of headers unless told otherwise, AWS's front ends take more.
    large_client_header_buffers 8 32k;
    map $http_authorization $signed {{ "" 0; default 1; }}
{servers}}}
"""

WELCOME = "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n"


def certificate(situation, service):
    """Which kind of certificate a service has in a situation."""
    kinds = situation.get("certificates", {})
    return kinds.get(service, kinds.get("*", "genuine"))


def server(service, addresses, situation, pki):
    """One service's server block."""
    kind = certificate(situation, service)
    listen = "".join(f"        listen {address}:443 ssl{' http2' if service in HTTP2 else ''};\n" for address in addresses)
    if service in situation.get("welcomes", []):
        body = f"        root {situation['directory']}/welcome;\n"
    elif service in MOTO:
        # What moto says to an unsigned request is its own invention; the front says what AWS says to one.
        body = ("        error_page 418 = @unsigned;\n        if ($signed = 0) { return 418; }\n"
                f"        location @unsigned {{ {unsigned(service)} }}\n"
                "        location / { proxy_pass http://127.0.0.1:5000; proxy_http_version 1.1; "
                'proxy_set_header Host $host; proxy_set_header Connection ""; }\n')
    else:
        body = f"        location / {{ {unsigned(service)} }}\n"
    protocols = "TLSv1.2 TLSv1.3"
    if service in situation.get("old_tls", []):
        protocols = "TLSv1 TLSv1.1"
        body = "        ssl_ciphers DEFAULT@SECLEVEL=0;\n" + body
    return (f"    server {{\n{listen}        ssl_certificate {pki.leaf(service, kind)};\n"
            f"        ssl_certificate_key {pki.key};\n        ssl_protocols {protocols};\n{body}    }}\n")


# The services moto plays; every other is a front that answers unsigned requests, which is all that is sent there.
MOTO = {"sqs", "ec2"}
HTTP2 = {"ssm", "kms", "logs"}


def unsigned(service):
    """What AWS's service answers to a request without a signature."""
    if service == "s3":
        return ('add_header x-amz-request-id $request_id always; add_header x-amz-id-2 peers always; '
                "return 307 https://aws.amazon.com/s3/;")
    if service in ("ec2", "sts"):
        return f"add_header x-amzn-RequestId $request_id always; return 302 https://aws.amazon.com/{service};"
    if service == "dynamodb":
        return f'add_header x-amzn-RequestId $request_id always; return 200 "healthy: dynamodb.{names.REGION}.amazonaws.com ";'
    return ("add_header x-amzn-RequestId $request_id always; default_type application/xml; "
            'return 404 "<UnknownOperationException/>\\n";')


def signed_requests(directory, addresses):
    """How many requests with a signature nginx has had on these addresses."""
    lines = (Path(directory) / "access.log").read_text().splitlines()
    return sum(line.split() in [[address, "1"] for address in addresses] for line in lines)


def answers(address, port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0


def run(command, text=None):
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
