"""Formats for machines, read by what reads them elsewhere. Each function returns what is wrong, in words."""

import json
import re
import subprocess
from pathlib import Path

import junitparser
from jsonschema import Draft202012Validator, Draft7Validator, validators
from lxml import etree
from ocsf_json_schema import OcsfJsonSchemaEmbedded
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from pydantic import ValidationError

import aws

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"

JUNIT = etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))
EMF = Draft7Validator(json.loads((SCHEMAS / "emf.schema.json").read_text()))
REPORT = Draft202012Validator(json.loads((HERE.parent.parent / "packaging/schema/report.schema.json").read_text()))
OCSF = json.loads((SCHEMAS / "ocsf-1.3.0-compliance-finding.json").read_text())
OCSF_VALIDATORS = {}


def strictly(text):
    """JSON as RFC 8259 has it: no NaN, no key twice, no control character."""

    def once(pairs):
        keys = [key for key, _ in pairs]
        if len(keys) != len(set(keys)):
            raise ValueError(f"a key twice among {keys}")
        return dict(pairs)

    def no_constant(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, object_pairs_hook=once, parse_constant=no_constant)


def said(errors, limit=5):
    return [f"{'/'.join(map(str, e.absolute_path)) or 'the root'}: {e.message[:200]}" for e in list(errors)[:limit]]


def as_json(text, report, hostile):
    value = strictly(text)
    # What others wrote into a facts file may be no ARN and no account; the report shows it as it is.
    return [] if hostile else said(REPORT.iter_errors(value))


def junit(text, report, hostile):
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    tree = etree.fromstring(text.encode(), parser)
    if tree.getroottree().docinfo.internalDTD is not None:
        return ["there is a document type"]
    if not JUNIT.validate(tree):
        return [f"line {e.line}: {e.message}" for e in list(JUNIT.error_log)[:5]]
    problems = []
    results = junitparser.JUnitXml.fromstring(text.encode())
    suites = list(results)
    cases = [case for suite in suites for case in suite]
    kinds = [type(result).__name__ for case in cases for result in case.result]
    for suite in suites:
        counted = (len(list(suite)), kinds.count("Failure"), kinds.count("Error"), kinds.count("Skipped"))
        told = (suite.tests, suite.failures, suite.errors, suite.skipped)
        if counted != told:
            problems.append(f"tests, failures, errors, skipped: says {told}, has {counted}")
    green = not {"Failure", "Error"} & set(kinds)
    if green != (report["verdict"] == "pass"):
        problems.append(f"a run whose verdict is {report['verdict']} shows {'green' if green else 'red'}")
    names = {"canary", "host and network"} | {service["service"] for service in report["services"]}
    if not hostile and not {case.name for case in cases} <= names:
        problems.append(f"cases {[case.name for case in cases]} that are no services")
    return problems


def ocsf_validator(profiles):
    key = tuple(profiles)
    if key not in OCSF_VALIDATORS:
        schema = OcsfJsonSchemaEmbedded(OCSF).get_class_schema("compliance_finding", list(key))
        # `object` is OCSF's word for an object of any shape.
        schema["$defs"]["object"] = {"type": "object"}
        OCSF_VALIDATORS[key] = validators.validator_for(schema)(schema)
    return OCSF_VALIDATORS[key]


def captions(entry, value, profiles, path):
    """Beside the JSON Schema: that names match their ids, that nothing is deprecated, limits of the types."""
    problems = []
    for name, held in value.items():
        attribute = entry["attributes"].get(name)
        where = f"{path}/{name}"
        if attribute is None or attribute.get("profile") not in (None, *profiles):
            problems.append(f"{where} is not in the schema")
            continue
        if "@deprecated" in attribute:
            problems.append(f"{where} is deprecated")
        enum = attribute.get("enum", {})
        if enum and str(held) not in enum:
            problems.append(f"{where}: {held} is none of {sorted(enum)}")
        sibling = attribute.get("sibling")
        if enum and sibling and sibling in value and str(held) not in ("99",) and str(held) in enum:
            caption = enum[str(held)]["caption"]
            if value[sibling] != caption:
                problems.append(f"{path}/{sibling} is {value[sibling]!r}, and {name} {held} means {caption!r}")
        kind = OCSF["types"].get(attribute["type"], {})
        for one in held if attribute.get("is_array") else [held]:
            if isinstance(one, str) and len(one) > kind.get("max_len", 1 << 30):
                problems.append(f"{where} is longer than {kind['max_len']}")
            if isinstance(one, dict) and attribute["object_type"] != "object":
                problems += captions(OCSF["objects"][attribute["object_type"]], one, profiles, where)
    return problems


def ocsf(text, report, hostile):
    events = strictly(text)
    problems = []
    if not events:
        problems.append("there is no event")
    for at, event in enumerate(events):
        found = said(ocsf_validator(event["metadata"].get("profiles", [])).iter_errors(event))
        found += captions(OCSF["classes"]["compliance_finding"], event, event["metadata"].get("profiles", []), "")
        try:
            ComplianceFinding.model_validate(event)
        except ValidationError as error:
            found += [f"py-ocsf-models: {e['loc']}: {e['msg']}" for e in error.errors()[:5]]
        if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
            found.append("type_uid is not class_uid * 100 + activity_id")
        problems += [f"event {at}: {problem}" for problem in found]
    ids = [event["finding_info"]["uid"] for event in events]
    if len(ids) != len(set(ids)) and not hostile:
        problems.append(f"an id twice among {ids}")
    failed = any(event["compliance"].get("status_id") == 3 for event in events)
    if failed != (report["verdict"] == "fail"):
        problems.append(f"a run whose verdict is {report['verdict']} has {'a' if failed else 'no'} failed event")
    return problems


def asff(text, report, hostile):
    entries = strictly(text)
    problems = aws.rejects("securityhub", "BatchImportFindings", {"Findings": entries})
    if len(text) > 6 << 20:
        problems.append(f"a call of {len(text)} bytes")
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
    for at, entry in enumerate(entries):
        found = []
        if len(json.dumps(entry).encode()) > 240_000:
            found.append("larger than 240 KB")
        if not re.fullmatch(r"\d{12}", entry["AwsAccountId"]):
            found.append(f"AwsAccountId {entry['AwsAccountId']!r}")
        arn = r"arn:[a-z-]+:securityhub:[a-z0-9-]+:(\d{12}):product/\1/default"
        if not re.fullmatch(arn, entry["ProductArn"]):
            found.append(f"ProductArn {entry['ProductArn']!r}")
        for name in ("CreatedAt", "UpdatedAt"):
            if not stamp.fullmatch(entry[name]):
                found.append(f"{name} {entry[name]!r}")
        namespaces = r"(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)"
        for kind in entry["Types"]:
            if not re.fullmatch(namespaces + r"(/[^/]+){0,2}", kind):
                found.append(f"type {kind!r}")
        if entry["SchemaVersion"] != "2018-10-08":
            found.append(f"SchemaVersion {entry['SchemaVersion']!r}")
        problems += [f"finding {at}: {problem}" for problem in found]
    ids = [entry["Id"] for entry in entries]
    if len(ids) != len(set(ids)) and not hostile:
        problems.append(f"an id twice among {ids}")
    failed = any(entry["Compliance"]["Status"] == "FAILED" for entry in entries)
    if failed != (report["verdict"] == "fail"):
        problems.append(f"a run whose verdict is {report['verdict']} has {'a' if failed else 'no'} failed finding")
    return problems


def brief(text, report, hostile):
    if text.count("\n") != 1 or not text.endswith("\n"):
        return ["it is not one line"]
    problems = []
    if len(text) > 16_000:
        problems.append(f"a line of {len(text)} characters")
    line = strictly(text)
    for name in ("schema_version", "run_id", "started_at", "verdict", "summary"):
        if line[name] != report[name]:
            problems.append(f"{name} is {line[name]!r}")
    said = {(finding["code"], finding["severity"]) for finding in line["findings"]}
    known = {(finding["code"], finding["severity"]) for finding in report["findings"]}
    if not said <= known or len(line["findings"]) + line["findings_omitted"] != len(report["findings"]):
        problems.append(f"findings {sorted(said)}")
    return problems


def emf(text, report, hostile):
    if text.count("\n") != 1 or not text.endswith("\n"):
        return ["it is not one line"]
    if len(text.encode()) > 256 * 1024:
        return [f"an event of {len(text.encode())} bytes"]
    event = strictly(text)
    problems = said(EMF.iter_errors(event))
    for directive in event["_aws"]["CloudWatchMetrics"]:
        if len(directive["Metrics"]) > 100:
            problems.append(f"{len(directive['Metrics'])} metrics in one directive")
        data = []
        for names in directive["Dimensions"]:
            if len(names) > 30:
                problems.append(f"{len(names)} dimensions")
            for metric in directive["Metrics"]:
                dimensions = [{"Name": name, "Value": event.get(name)} for name in names]
                data.append({
                    "MetricName": metric["Name"],
                    "Unit": metric.get("Unit", "None"),
                    "Value": event.get(metric["Name"]),
                    "Dimensions": dimensions,
                })
        for at in range(0, len(data), 1000):
            call = {"Namespace": directive["Namespace"], "MetricData": data[at:at + 1000]}
            problems += aws.rejects("cloudwatch", "PutMetricData", call)
        for entry in data:
            for text in (entry["MetricName"], *(d["Value"] or "" for d in entry["Dimensions"])):
                # The CloudWatch API Reference, "Dimension" and "MetricDatum".
                if not re.fullmatch(r"(?!:)[\x20-\x7e]*\S[\x20-\x7e]*", text):
                    problems.append(f"{text!r} is not ASCII, or blank, or begins with a colon")
    return sorted(set(problems))


def prometheus(text, report, hostile):
    ran = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, timeout=20)
    problems = (ran.stdout + ran.stderr).decode(errors="replace").split("\n")
    problems = [line for line in problems if line.strip()]
    if ran.returncode != 0 and not problems:
        problems.append(f"promtool ends with {ran.returncode}")
    if any(not line.startswith(("# HELP vpcheck_", "# TYPE vpcheck_", "vpcheck_")) for line in text.splitlines()):
        problems.append("a line that is no metric of ours")
    wanted = 1.0 if report["verdict"] == "pass" else 0.0
    up = re.findall(r"^vpcheck_up (\S+)$", text, re.M)
    if [float(value) for value in up] != [wanted]:
        problems.append(f"vpcheck_up {up} for {report['verdict']}")
    return problems
