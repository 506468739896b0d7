"""Plays SSM Agent: runs a Command document's script with parameters, as `aws:runShellScript` does.

    run_command.py DOCUMENT [--agent new|old] [--unchecked] [NAME=VALUE]...

A new agent hands parameters over as variables, SSM_NAME; an old one writes them into the script's text. The service
holds values against the document's patterns before; --unchecked leaves that out. Exits as the script does, or with 64
where the service refuses a value.
"""

import os
import re
import subprocess
import sys
import tempfile

import yaml


def main(path, *words):
    agent, checked, given = "new", True, {}
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--agent":
            agent = words.pop(0)
        elif word == "--unchecked":
            checked = False
        else:
            name, value = word.split("=", 1)
            given[name] = value
    with open(path, encoding="utf-8") as text:
        document = yaml.safe_load(text)
    values = {}
    for name, parameter in document["parameters"].items():
        values[name] = given.pop(name, parameter["default"])
        if checked and not accepts(parameter, values[name]):
            print(f"InvalidParameters: {name}", file=sys.stderr)
            return 64
    if given:
        print(f"InvalidParameters: {', '.join(given)}", file=sys.stderr)
        return 64
    (step,) = document["mainSteps"]
    script = "\n".join(step["inputs"]["runCommand"])
    environment = {**os.environ, "AWS_SSM_REGION_NAME": "us-east-1"}
    if agent == "new":
        environment |= {f"SSM_{name}": value for name, value in values.items()}
    else:
        # In one pass, so that a value which looks like a parameter stays a value.
        script = re.sub(r"\{\{ *(\w+) *\}\}", lambda hit: values[hit[1]], script)
    with tempfile.TemporaryDirectory() as directory:
        file = os.path.join(directory, "_script.sh")
        with open(file, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n" + script)
        return subprocess.run(["sh", file], env=environment, cwd=directory, check=False).returncode


def accepts(parameter, value):
    """As leniently as any engine: `$` matches before a last line's end."""
    longest = parameter.get("maxChars", sys.maxsize)
    return len(value) <= longest and re.search(parameter["allowedPattern"], value) is not None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
