#!/usr/bin/env python3
"""Fails where a crate that is linked or built for vpcheck needs a newer Rust than Cargo.toml names.

`clippy::incompatible_msrv`, which Cargo.toml denies, says the same of what our own code uses of the standard library.
"""

import json
import subprocess
import sys


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (text.split("-")[0].split(".") + ["0", "0"])[:3])


metadata = json.loads(subprocess.run(
    ["cargo", "metadata", "--format-version", "1", "--locked"], check=True, capture_output=True).stdout)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
root = metadata["resolve"]["root"]
ours = packages[root]["rust_version"]

# What only tests need may be newer: the packages are built without it.
needed, open_ = set(), [root]
while open_:
    crate = open_.pop()
    if crate in needed:
        continue
    needed.add(crate)
    for dependency in nodes[crate]["deps"]:
        if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
            open_.append(dependency["pkg"])

silent = 0
newer = []
for crate in needed:
    package = packages[crate]
    if package["rust_version"] is None:
        silent += 1
    elif version(package["rust_version"]) > version(ours):
        newer.append(f"{package['name']} {package['version']} needs Rust {package['rust_version']}")
for line in sorted(newer):
    print(f"{line}; Cargo.toml names {ours}")
print(f"{len(needed)} crates need at most Rust {ours}; {silent} of them do not say what they need" if not newer else "")
sys.exit(bool(newer))
