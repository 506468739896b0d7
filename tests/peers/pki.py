"""Certificates by the openssl command: a service root with an intermediate, and a company's inspection root."""

import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import names

CONFIG = """
[ca]
default_ca = ca
[ca]
dir = {dir}
database = {dir}/index.txt
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
countryName = optional
organizationName = optional
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = {san}
"""


class Pki:
    """The authorities, and the certificates made so far; `roots`, `corporate` and `key` are files."""

    def __init__(self, directory):
        self.directory = Path(directory)
        (self.directory / "index.txt").write_text("")
        self.key = self.directory / "leaf.key"
        self._key(self.key)
        self.roots = self._authority("root", "/C=US/O=Amazon/CN=Amazon Root CA 1", None)
        self.intermediate = self._authority("intermediate", "/C=US/O=Amazon/CN=Amazon RSA 2048 M01", "root")
        self.corporate = self._authority("corporate", "/C=US/O=Example Corp/CN=Example Corp TLS Inspection CA", None)
        self._made = {}

    def leaf(self, service, kind="genuine"):
        """The certificate chain a server presents for a service: genuine, expired, wrong-name or intercepted."""
        made = self._made.get((service, kind))
        if made:
            return made
        days = (-400, -1) if kind == "expired" else (-30, 365)
        holder = "logs" if kind == "wrong-name" else service
        issuer = "corporate" if kind == "intercepted" else "intermediate"
        chain = self.corporate if kind == "intercepted" else self.intermediate
        subject = f"/CN={names.certificate_names(holder)[0]}"
        file = self._sign(f"{service}-{kind}", subject, issuer, self.key, days, names.certificate_names(holder))
        file.write_text(file.read_text() + chain.read_text())
        self._made[service, kind] = file
        return file

    def _authority(self, name, subject, issuer):
        key = self.directory / f"{name}.key"
        self._key(key)
        return self._sign(name, subject, issuer or name, key, (-3650, 3650), [])

    def _sign(self, name, subject, issuer, key, days, hosts):
        config = self.directory / f"{name}.cnf"
        san = ",".join(f"DNS:{host}" for host in hosts) or "DNS:unused"
        config.write_text(CONFIG.format(dir=self.directory, san=san))
        request, file = self.directory / f"{name}.csr", self.directory / f"{name}.pem"
        openssl("req", "-new", "-config", config, "-key", key, "-subj", subject, "-out", request)
        start, end = (
            (datetime.now(timezone.utc) + timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in days
        )
        signer = ["-keyfile", self.directory / f"{issuer}.key"]
        signer += ["-selfsign"] if issuer == name else ["-cert", self.directory / f"{issuer}.pem"]
        extensions = "leaf" if hosts else "authority"
        openssl("ca", "-batch", "-notext", "-config", config, "-extensions", extensions, "-startdate", start,
                "-enddate", end, "-in", request, "-out", file, *signer)
        return file

    @staticmethod
    def _key(file):
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file)


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
