#!/usr/bin/env python3
"""Check reports against the JSON Schema: validate.py SCHEMA REPORT...

Exits 0 if all are valid, 1 with one line for each violation otherwise, 2 if a file cannot be read.
Needs the jsonschema package.
"""

import datetime
import ipaddress
import json
import sys

import jsonschema

formats = jsonschema.FormatChecker(formats=[])


@formats.checks("date-time", raises=ValueError)
def is_date_time(value):
    if not isinstance(value, str):
        return True
    if "T" not in value or datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is None:
        raise ValueError("no time with an offset")
    return True


@formats.checks("ipv4", raises=ValueError)
def is_ipv4(value):
    return not isinstance(value, str) or bool(ipaddress.IPv4Address(value))


@formats.checks("ipv6", raises=ValueError)
def is_ipv6(value):
    return not isinstance(value, str) or bool(ipaddress.IPv6Address(value))


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        sys.exit(2)


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    schema = read(arguments[0])
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=formats)
    violations = 0
    for path in arguments[1:]:
        for error in validator.iter_errors(read(path)):
            violations += 1
            where = "/" + "/".join(str(part) for part in error.absolute_path)
            print(f"{path}: {where}: {error.message[:300]}", file=sys.stderr)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
