"""Calls held to the service models of AWS, as botocore brings them.

botocore itself checks shapes and types; patterns, enumerations, and the limits that stand in the model's documentation
are read from the same model here.
"""

import functools
import re

import botocore.session
from botocore.validate import ParamValidator

SESSION = botocore.session.get_session()


@functools.cache
def shape_of(service, operation):
    return SESSION.get_service_model(service).operation_model(operation).input_shape


def rejects(service, operation, call):
    """What the service would refuse the call for."""
    shape = shape_of(service, operation)
    report = ParamValidator().validate(call, shape)
    problems = report.generate_report().split("\n") if report.has_errors() else []
    return problems[:5] + limits(call, shape, operation, "")[:10]


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found.group(1).replace(",", "")) if found else None


@functools.cache
def documented(text):
    """Lengths and counts of a member's documentation."""
    text = re.sub(r"<[^>]+>", "", text or "")
    return {
        "min": number(r"Minimum (?:length )?of (\d+)(?: length)?\b", text),
        "max": number(r"Maximum (?:length )?of ([\d,]+)(?: length)?\b", text),
        "exact": number(r"Length Constraints: (\d+)\.", text),
        "items": number(r"Maximum number of (\d+) items", text),
        "pairs": number(r"up to (\d+) key-value pairs", text),
        "key": number(r"key can contain up to (\d+) characters", text),
        "value": number(r"value can contain up to (\d+) characters", text),
    }


def limits(value, shape, path, documentation):
    told = documented(documentation)
    problems = []

    def wrong(what):
        problems.append(f"{path}: {what}")

    if shape.type_name == "structure" and isinstance(value, dict):
        for name, held in value.items():
            member = shape.members.get(name)
            if member is not None:
                problems += limits(held, member, f"{path}.{name}", member.documentation)
    elif shape.type_name == "list" and isinstance(value, list):
        if told["items"] is not None and len(value) > told["items"]:
            wrong(f"{len(value)} items, allowed {told['items']}")
        if len(value) > shape.metadata.get("max", 1 << 30):
            wrong(f"{len(value)} items, allowed {shape.metadata['max']}")
        for at, held in enumerate(value):
            problems += limits(held, shape.member, f"{path}[{at}]", shape.member.documentation)
    elif shape.type_name == "map" and isinstance(value, dict):
        if told["pairs"] is not None and len(value) > told["pairs"]:
            wrong(f"{len(value)} pairs, allowed {told['pairs']}")
        for key, held in value.items():
            if len(key) > (told["key"] or 1 << 30):
                wrong(f"key {key[:40]!r} is too long")
            if isinstance(held, str) and len(held) > (told["value"] or 1 << 30):
                wrong(f"the value of {key!r} has {len(held)} characters, allowed {told['value']}")
            problems += limits(held, shape.value, f"{path}[{key!r}]", shape.value.documentation)
    elif shape.type_name == "string" and isinstance(value, str):
        length = len(value.encode())
        if told["exact"] is not None and length != told["exact"]:
            wrong(f"{length} bytes, wanted {told['exact']}")
        for limit in (told["max"], shape.metadata.get("max")):
            if limit is not None and length > limit:
                wrong(f"{length} bytes, allowed {limit}")
        for limit in (told["min"], shape.metadata.get("min")):
            if limit is not None and length < limit:
                wrong(f"{length} bytes, wanted at least {limit}")
        if shape.enum and value not in shape.enum:
            wrong(f"{value!r} is none of {shape.enum}")
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value, re.S):
            wrong(f"{value[:60]!r} does not match {pattern}")
    return problems
