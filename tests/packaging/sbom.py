#!/usr/bin/env python3
"""Holds a bill of materials against CycloneDX's own schema, and against what a binary says of itself.

    sbom.py FILE [BINARY]       BINARY: one that was built by cargo-auditable

The schema is the one in cyclonedx-python-lib, which the CycloneDX project makes. What cargo-auditable put into the binary
is read by objcopy; its crates that are linked have to be those of the bill, version by version.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def embedded(binary: str) -> set[str]:
    with tempfile.TemporaryDirectory() as scratch:
        section = pathlib.Path(scratch, "section")
        subprocess.run(["objcopy", "--dump-section", f".dep-v0={section}", binary, f"{scratch}/copy"], check=True)
        packages = json.loads(zlib.decompress(section.read_bytes()))["packages"]
    # Those without a kind run; the others only build.
    return {f"{p['name']} {p['version']}" for p in packages if p.get("kind", "runtime") == "runtime"}


def main(file: str, *binary: str) -> list[str]:
    text = pathlib.Path(file).read_text()
    problems = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problems:
        return [str(problems)]
    bill = json.loads(text)
    crates = [bill["metadata"]["component"], *bill["components"]]
    told = {f"{crate['name']} {crate['version']}" for crate in crates}
    refs = {crate["bom-ref"] for crate in crates}
    said = [f"{ref} is needed and not listed" for d in bill["dependencies"] for ref in d["dependsOn"] if ref not in refs]
    said += [f"{crate['name']} has no checksum" for crate in bill["components"] if not crate.get("hashes")]
    if len(told) < 100:
        said.append(f"expected a hundred crates and more, found {len(told)}")
    for path in binary:
        # Macros count as linked to cargo-auditable: what the bill has must be there, and it may have more.
        missing = told - embedded(path)
        said += [f"{crate} is not in {path}" for crate in sorted(missing)]
    return said


if __name__ == "__main__":
    found = main(*sys.argv[1:])
    for line in found:
        print(line)
    sys.exit(bool(found))
