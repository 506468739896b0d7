"""Runs a unit's ExecStart under the unit's own restrictions, where there is no systemd to do it.

    as_unit.py UNIT ROOT CREDENTIALS-DIRECTORY [COMMAND...]

To be called as root of a user and mount namespace, with ROOT laid out as the service is to see it. Applied are: the
root read-only but for the unit's own directories, a /tmp of its own, no capabilities, no new privileges, and the
filters on system calls, address families, namespaces and writable code. What a filter forbids ends the process, so that
a success shows that the unit's settings are enough. Another user is not applied: a namespace without privileges has one.
With a COMMAND that runs in the place of ExecStart.
"""

import ctypes
import os
import re
import shlex
import subprocess
import sys

KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
ERRNO_ENOSYS = 0x00050000 | 38
EQUAL, MASKED_EQUAL = 4, 7
AT_FDCWD, AT_RECURSIVE, RDONLY, SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
WRITE, EXECUTE = 2, 4
NEW_NAMESPACES = 0x7E020080
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
KNOWN = {
    "CapabilityBoundingSet": "", "NoNewPrivileges": "yes", "MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes",
    "ProtectSystem": "strict", "PrivateTmp": "yes", "SystemCallArchitectures": "native",
}

libc = ctypes.CDLL(None, use_errno=True)


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def settings(unit):
    """What [Service] says, every word of a key that is repeated."""
    found, section = {}, None
    for line in open(unit, encoding="utf-8"):
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    for key, value in KNOWN.items():
        if found.get(key) != [value]:
            sys.exit(f"{unit}: {key}={value} expected, found {found.get(key)}")
    return found


def call(function, *arguments):
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), f"{function.__name__}{arguments}: {os.strerror(ctypes.get_errno())}")


def read_only(path, yes):
    attributes = Attributes(set=RDONLY if yes else 0, clear=0 if yes else RDONLY)
    call(libc.syscall, SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE,
         ctypes.byref(attributes), ctypes.sizeof(attributes))


def mount(source, target, kind, flags):
    call(libc.mount, source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None)


def system_calls(filters):
    """The calls that SystemCallFilter= leaves, as systemd itself resolves its groups."""
    def members(name):
        if not name.startswith("@"):
            return {name}
        listed = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", name], check=True,
                                capture_output=True, text=True).stdout
        words = [line.strip() for line in re.sub("\x1b\\[[0-9;]*m", "", listed).splitlines()[1:]]
        return {call for word in words if word and not word.startswith("#") for call in members(word)}

    allowed = members("@default")
    for line in filters:
        for word in line.lstrip("~").split():
            allowed = allowed - members(word) if line.startswith("~") else allowed | members(word)
    return allowed


def filter_calls(seccomp, service, allowed):
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(KILL_PROCESS)))

    def rule(name, action, *comparisons):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # not this architecture's
        array = (Comparison * max(len(comparisons), 1))(*comparisons)
        error = seccomp.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(comparisons), array)
        if error:
            sys.exit(f"seccomp: {name}: {os.strerror(-error)}")

    narrowed = {"socket", "mmap", "mprotect", "pkey_mprotect", "clone", "clone3", "unshare", "setns"}
    for name in allowed - narrowed:
        rule(name, ALLOW)
    for family in " ".join(service["RestrictAddressFamilies"]).split():
        if family != "none":
            rule("socket", ALLOW, Comparison(0, EQUAL, FAMILIES[family], 0))
    for bits in (0, WRITE, EXECUTE):
        rule("mmap", ALLOW, Comparison(2, MASKED_EQUAL, WRITE | EXECUTE, bits))
    for name in ("mprotect", "pkey_mprotect"):
        rule(name, ALLOW, Comparison(2, MASKED_EQUAL, EXECUTE, 0))
    rule("clone", ALLOW, Comparison(0, MASKED_EQUAL, NEW_NAMESPACES, 0))
    rule("clone3", ERRNO_ENOSYS)  # its flags are out of a filter's sight; the C library goes on with clone
    if error := seccomp.seccomp_load(context):
        sys.exit(f"seccomp: {os.strerror(-error)}")


def main(unit, root, credentials, *instead):
    service = settings(unit)
    own = [f"{base}/{name}" for key, base in (("StateDirectory", "/var/lib"), ("ConfigurationDirectory", "/etc"))
           for line in service.get(key, []) for name in line.split()]
    environment = {"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8", "CREDENTIALS_DIRECTORY": "/run/credentials"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("VPCHECK_")}
    command = list(instead) or [
        re.sub(r"\$\{(\w+)\}", lambda name: environment[name[1]], word) for word in shlex.split(service["ExecStart"][-1])]

    bind, recursively = 0x1000, 0x4000
    for directory in own:
        os.makedirs(root + directory, exist_ok=True)
        mount(root + directory, root + directory, "none", bind)
    for directory, source in (("/proc", "/proc"), ("/sys", "/sys"), ("/run/credentials", credentials)):
        os.makedirs(root + directory, exist_ok=True)
        mount(source, root + directory, "none", bind | recursively)
    mount("tmpfs", root + "/tmp", "tmpfs", 0)
    read_only(root, True)
    for directory in [*own, "/tmp"]:
        read_only(root + directory, False)

    # Both are outside the root.
    allowed = system_calls(service["SystemCallFilter"])
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    os.chroot(root)
    os.chdir("/")
    os.umask(int(service.get("UMask", ["0022"])[-1], 8))
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break
    call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filter_calls(seccomp, service, allowed)
    os.execve(command[0], command, environment)


main(*sys.argv[1:])
