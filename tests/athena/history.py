"""A made-up history of many machines, and what follows from it, counted without SQL."""

import base64
import hashlib
import itertools
import json
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

CODES = ["endpoint-missing", "private-dns-disabled", "security-group-blocks-443", "tls-intercepted", "endpoint-policy-open"]
TODAY = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)


def text(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


@dataclass(slots=True)
class Run:
    """One run, as it is told."""

    account: str
    region: str
    machine: str
    at: datetime
    run_id: str
    verdict: str
    findings: list
    evidence: bool
    signed: bool
    route: str
    sequence: int


class History:
    """Runs of machines every few hours, which fail now and then for some runs, and are repaired or not."""

    def __init__(self, runs, seed=20261121, days=60):
        self.random = random.Random(seed)
        self.days = days
        self.runs = runs
        self.flat = []

    def machine(self, number):
        """One machine's runs, oldest first."""
        rng = self.random
        account = f"{111111111111 * (1 + number % 3)}"
        region = ["us-east-1", "eu-west-1"][number % 2]
        name = f"i-{number:017x}"
        began = TODAY - timedelta(days=self.days) + timedelta(minutes=rng.randrange(240))
        silent_after = TODAY - timedelta(days=rng.randrange(1, 20)) if rng.random() < 0.1 else TODAY
        evidence = number % 4 != 0
        signs = evidence and number % 8 != 1
        standing = {}
        at = began
        count = 0
        while at < silent_after and count < self.days * 6:
            for cause in [cause for cause, left in standing.items() if left <= 0]:
                del standing[cause]
            if rng.random() < 0.02:
                code = rng.choice(CODES)
                standing[(code, f"vpce-{rng.randrange(3)}")] = rng.randrange(1, 12)
            standing = {cause: left - 1 for cause, left in standing.items()}
            inconclusive = rng.random() < 0.01
            found = [] if inconclusive else sorted(standing)
            findings = [(code, "warn" if code == "endpoint-policy-open" else "fail", subject) for code, subject in found]
            failing = [f for f in findings if f[1] == "fail"]
            verdict = "inconclusive" if inconclusive else "fail" if failing else "pass"
            count += 1
            yield Run(
                account=account,
                region=region,
                machine=name,
                at=at,
                run_id=f"{number:08x}-{count:06d}",
                verdict=verdict,
                findings=findings,
                evidence=evidence,
                signed=signs,
                route="public" if any(f[0] in CODES[:2] for f in failing) else "interface-endpoint",
                sequence=count,
            )
            at += timedelta(hours=4, minutes=rng.randrange(-3, 4), milliseconds=rng.randrange(1000))

    def lines(self):
        """Every run with its line as vpcheck would have delivered it; keeps the runs in `flat`."""
        left = self.runs
        for number in itertools.count():
            previous = None
            for run in self.machine(number):
                if left == 0:
                    return
                left -= 1
                line, previous = document(run, previous)
                self.flat.append(run)
                day = run.at.strftime("%Y-%m-%d")
                key = f"s3://evidence/vpc/account={run.account}/region={run.region}/date={day}/{run.run_id}.json"
                yield run.account, run.region, day, key, line


def document(run, previous):
    report = {
        "schema_version": "1",
        "tool": {"name": "vpcheck", "version": "0.1.0"},
        "run_id": run.run_id,
        "started_at": run.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{run.at.microsecond // 1000:03d}Z",
        "verdict": run.verdict,
        "summary": {"findings": {"fail": sum(f[1] == "fail" for f in run.findings), "warn": 0, "info": 0}},
        "environment": {"kind": "ec2", "instance_id": run.machine, "task_arn": None, "vpc_id": "vpc-1", "addresses": ["10.0.0.1"]},
        "services": [{"service": "sqs", "verdict": "pass", "route": run.route, "required": True, "endpoint": None}],
        "findings": [
            {"code": code, "severity": severity, "subject": subject, "title": "t", "because": "b", "services": ["sqs", "kms"]}
            for code, severity, subject in run.findings
        ],
    }
    if not run.evidence:
        return text(report), None
    chain = {"id": run.machine, "sequence": run.sequence, "previous": previous and {"file": "f", "sha256": previous}}
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "urn:vpcheck:evidence:1",
        "predicate": {"chain": chain, "report": report, "rules_version": "r", "tool": {"sha256": "p"}},
    }
    signatures = [{"keyid": "sha256:k", "sig": "AA=="}] if run.signed else []
    payload = base64.b64encode(text(statement).encode()).decode()
    line = text({"payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": signatures})
    return line, hashlib.sha256(line.encode() + b"\n").hexdigest()


def naive(at):
    return at.astimezone(timezone.utc).replace(tzinfo=None, microsecond=at.microsecond // 1000 * 1000)


def hours(first, last):
    return last and int((naive(last) - naive(first)).total_seconds()) / 3600


def by_machine(runs):
    machines = defaultdict(list)
    for run in runs:
        machines[run.account, run.region, run.machine].append(run)
    return machines


def repairs(runs):
    """(account, region, machine, failed_at, repaired_at, hours), walked through run by run."""
    found = []
    for where, own in by_machine(runs).items():
        failed = None
        for run in own:
            if run.verdict == "fail" and failed is None:
                failed = run.at
            if run.verdict == "pass" and failed is not None:
                found.append((*where, naive(failed), naive(run.at), hours(failed, run.at)))
                failed = None
        if failed is not None:
            found.append((*where, naive(failed), None, None))
    return found


def cause_repairs(runs):
    """(account, region, machine, code, subject, found_at, gone_at, hours), likewise."""
    found = []
    for where, own in by_machine(runs).items():
        standing = {}
        for run in own:
            if run.verdict == "inconclusive":
                continue
            now = {(code, subject) for code, severity, subject in run.findings if severity == "fail"}
            for cause in [cause for cause in standing if cause not in now]:
                since = standing.pop(cause)
                found.append((*where, *cause, naive(since), naive(run.at), hours(since, run.at)))
            for cause in now:
                standing.setdefault(cause, run.at)
        found.extend((*where, *cause, naive(since), None, None) for cause, since in standing.items())
    return found
