"""Holds packaging/athena against what vpcheck writes and against a history of a million runs."""

import argparse
import base64
import hashlib
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb

import history as made
import layout
import statements

TRIED = []


def holds(name, is_so, detail=""):
    TRIED.append(bool(is_so))
    print(f"ATHENA {name} ... {'ok' if is_so else 'FAILED'}", flush=True)
    if not is_so:
        print(f"    {str(detail)[:2000]}", flush=True)


def engine(rows=()):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA vpcheck")
    connection.execute('CREATE TABLE vpcheck.objects (account VARCHAR, region VARCHAR, day VARCHAR, "$path" VARCHAR, line VARCHAR)')
    for row in rows:
        connection.execute("INSERT INTO vpcheck.objects VALUES (?, ?, ?, ?, ?)", row)
    for path in statements.views():
        connection.execute(statements.translated(path.read_text()))
    return connection


def ask(connection, name):
    """The answer to a question, as dictionaries."""
    [path] = [path for path in statements.questions() if path.name.startswith(name)]
    answer = connection.execute(statements.translated(path.read_text()))
    columns = [column[0] for column in answer.description]
    return [dict(zip(columns, row)) for row in answer.fetchall()]


def the_statements():
    wrong = {p.name: w for p in statements.views() + statements.questions() if (w := statements.reserved(p.read_text()))}
    holds("no name is one of Athena's reserved words", not wrong, wrong)
    asked = statements.questions()
    holds("there are a dozen questions, each in words", len(asked) >= 12 and all(p.read_text().startswith("-- ") for p in asked), asked)
    connection = engine()
    views = [row[0] for row in connection.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'vpcheck'").fetchall()]
    strange = [(view, kinds) for view in views if (kinds := statements.hive_types(connection, f"vpcheck.{view}"))]
    holds("every view's column has a type of Hive's", len(views) == len(statements.views()) and not strange, (views, strange))
    failed = []
    for path in asked:
        try:
            ask(connection, path.name)
        except duckdb.Error as error:
            failed.append((path.name, error))
    holds("every question can be asked of an empty table", not failed, failed)


def the_layout(vpcheck, demo, directory):
    key = directory / "key"
    subprocess.run([vpcheck, "signing-key", key], check=True, capture_output=True)
    evidence = ["--evidence", directory / "evidence", "--signing-key", key]
    unsigned = ["--evidence", directory / "unsigned", "--signing-key", directory / "nowhere"]
    runs = [(None, []), ("endpoint-missing", []), (None, evidence), ("private-dns-disabled", evidence), (None, evidence), (None, unsigned)]
    bucket = layout.deliveries(demo, directory, runs)
    keys = layout.keys(bucket)
    holds("every key has the layout", len(keys) == len(runs) and all(layout.is_key(key) for key in keys), keys)
    since = (datetime.now(timezone.utc).date() - timedelta(days=40)).isoformat()
    text = statements.table(BUCKET="evidence", PREFIX="vpc", ACCOUNTS="123456789012,111122223333", REGIONS="us-east-1,eu-west-1", SINCE=since)
    properties, partitions, location = statements.properties(text)
    holds("the table is over the bucket", location == "s3://evidence/vpc/" and partitions == ["account", "region", "day"], location)
    rows = list(layout.rows(bucket, properties, partitions))
    read = Counter(row[3].removeprefix("s3://") for row in rows)
    holds("each object is one line of one projected partition", read == Counter(keys), (read, keys))

    connection = engine(rows)
    documents = {key: layout.objects(bucket / key) for key in keys}
    reports = {}
    for name, content in documents.items():
        document = json.loads(content)
        if "payload" in document:
            document = json.loads(base64.b64decode(document["payload"]))["predicate"]["report"]
        reports[document["run_id"]] = (name, document)
    found = connection.execute("SELECT run_id, object, verdict, machine, vpc_id, failures, is_evidence, file_sha256, started_at, account, region, day FROM vpcheck.runs").fetchall()
    problems = []
    for run_id, path, verdict, machine, vpc_id, failures, is_evidence, sha256, started_at, account, region, day in found:
        name, report = reports[run_id]
        environment = report["environment"]
        said = (f"s3://{name}", report["verdict"], environment["instance_id"], environment["vpc_id"], report["summary"]["findings"]["fail"])
        if (path, verdict, machine, vpc_id, failures) != said or (account, region) != (environment["account_id"], environment["region"]):
            problems.append((said, path, verdict, machine, vpc_id, failures))
        began = datetime.fromisoformat(report["started_at"]).astimezone(timezone.utc)
        if abs((began.replace(tzinfo=None) - started_at).total_seconds()) > 0.002 or day != report["started_at"][:10]:
            problems.append((report["started_at"], started_at, day))
        if is_evidence and sha256 != hashlib.sha256(documents[name]).hexdigest():
            problems.append((name, sha256))
    holds("the view of runs says what vpcheck wrote", len(found) == len(runs) and not problems, (len(found), problems))
    told = sorted((r["run_id"], f["code"], f["severity"], f["subject"], ", ".join(f["services"])) for _, r in reports.values() for f in r["findings"])
    seen = sorted(connection.execute("SELECT run_id, code, severity, subject, services FROM vpcheck.findings").fetchall())
    holds("the view of findings says what vpcheck wrote", told and seen == told, (seen, told))
    told = sorted((r["run_id"], s["service"], s["verdict"], s["route"], (s["endpoint"] or {}).get("id")) for _, r in reports.values() for s in r["services"])
    seen = sorted(connection.execute("SELECT run_id, service, verdict, route, endpoint_id FROM vpcheck.services").fetchall(), key=str)
    holds("the view of services says what vpcheck wrote", told and seen == sorted(told, key=str), (seen[:3], told[:3]))
    holds("a whole chain has no gap", not ask(connection, "10-"), ask(connection, "10-"))
    loose = ask(connection, "09-")
    totals = [sum(row[name] for row in loose) for name in ("runs", "without_evidence", "without_signature")]
    holds("what is not signed is counted", totals == [3, 2, 1], loose)

    chain = connection.execute("SELECT object FROM vpcheck.runs WHERE signed_by IS NOT NULL ORDER BY sequence").fetchall()
    second = chain[1][0]
    without = engine([row for row in rows if row[3] != second])
    gaps = [(row["sequence"], row["problem"]) for row in ask(without, "10-")]
    holds("a removed file is a gap", gaps == [(3, "files before it are missing")], gaps)
    # Whoever writes it anew with other content changes its digest.
    other = engine([(*row[:4], row[4].replace('"sig":"', '"sig":"A')) if row[3] == second else row for row in rows])
    gaps = [(row["sequence"], row["problem"]) for row in ask(other, "10-")]
    holds("a changed file is told by the next one", gaps == [(3, "the file before it is another")], gaps)
    twice = engine([*rows, *(row for row in rows if row[3] == second)])
    gaps = [(row["sequence"], row["problem"]) for row in ask(twice, "10-")]
    holds("a file that is there twice is told", (2, "there twice") in gaps, gaps)

    pretty = json.dumps(next(iter(reports.values()))[1], indent=2)
    old = "s3://evidence/vpc/account=123456789012/region=us-east-1/date=2026-01-01/old.json"
    mixed = engine([*rows, *(("123456789012", "us-east-1", "2026-01-01", old, line) for line in pretty.split("\n"))])
    count = mixed.execute("SELECT count(*) FROM vpcheck.runs").fetchone()[0]
    unread = ask(mixed, "14-")
    holds("a report on many lines is named, and breaks nothing", count == len(runs) and [row["object"] for row in unread] == [old], (count, unread))


def load(connection, past, directory):
    """Loads the history, in pieces."""
    piece, size = directory / "piece.tsv", 0
    out = piece.open("w")

    def flush():
        nonlocal out
        out.close()
        connection.execute(
            f"""INSERT INTO vpcheck.objects SELECT account, region, day, path, line FROM read_csv('{piece}', delim='\t', quote='',
            escape='', header=false, auto_detect=false, columns={{'account': 'VARCHAR', 'region': 'VARCHAR', 'day': 'VARCHAR', 'path': 'VARCHAR', 'line': 'VARCHAR'}})"""
        )
        out = piece.open("w")

    for row in past.lines():
        out.write("\t".join(row) + "\n")
        size += 1
        if size % 100_000 == 0:
            flush()
    if size % 100_000:
        flush()
    out.close()
    return size


def same(found, expected):
    """Rows alike, numbers to nine digits, in any order."""

    def plain(row):
        return tuple(round(v, 9) if isinstance(v, float) else v for v in row)

    found, expected = Counter(map(plain, found)), Counter(map(plain, expected))
    return found == expected, (list((found - expected).items())[:3], list((expected - found).items())[:3])


def the_history(runs, directory):
    began = time.monotonic()
    past = made.History(runs)
    connection = engine()
    size = load(connection, past, directory)
    all_runs = past.flat
    print(f"{size} runs of {len(made.by_machine(all_runs))} machines made in {time.monotonic() - began:.0f} s", flush=True)
    # Reading the documents is the same for every question: once will do.
    connection.execute("CREATE TABLE read AS SELECT * FROM vpcheck.runs")
    connection.execute("CREATE OR REPLACE VIEW vpcheck.runs AS SELECT * FROM read")

    found = connection.execute("SELECT account, region, machine, run_id, started_at, verdict, is_evidence, signed_by IS NOT NULL, sequence FROM vpcheck.runs").fetchall()
    expected = ((r.account, r.region, r.machine, r.run_id, made.naive(r.at), r.verdict, r.evidence, r.signed, r.sequence if r.evidence else None) for r in all_runs)
    is_so, detail = same(found, expected)
    holds("every run is read", size == runs and is_so, (size, detail))
    del found

    today = datetime.now(timezone.utc).date()
    month = (today - timedelta(days=31)).isoformat()
    latest = {where: own[-1] for where, own in made.by_machine(r for r in all_runs if r.at.strftime("%Y-%m-%d") >= month).items()}
    now = datetime.now(timezone.utc)
    current = connection.execute("SELECT account, region, machine, run_id, verdict, hours_ago FROM vpcheck.current_verdicts").fetchall()
    is_so, detail = same([row[:5] for row in current], [(*where, r.run_id, r.verdict) for where, r in latest.items()])
    late = {row[3]: row[5] for row in current}
    off = [r.run_id for r in latest.values() if abs((now - r.at).total_seconds() / 3600 - late.get(r.run_id, -9) - 0.5) > 0.6]
    holds("the current verdict is the last one's", is_so and not off, (detail, off[:3]))

    failing = [(*where, code, subject) for where, r in latest.items() if r.verdict == "fail" for code, severity, subject in r.findings if severity == "fail"]
    rows = ask(connection, "01-")
    is_so, detail = same([tuple(row[n] for n in ("account", "region", "machine", "code", "subject")) for row in rows], failing)
    holds("what fails now", failing and is_so, detail)
    silent = {row["machine"] for row in ask(connection, "02-")}
    expected = {r.machine for r in latest.values() if (now - r.at) >= timedelta(hours=49)}
    holds("who is silent", expected and silent == expected, silent ^ expected)

    days = defaultdict(dict)
    for r in all_runs:
        day = r.at.strftime("%Y-%m-%d")
        worst = {"pass": 1, "inconclusive": 2, "fail": 3}[r.verdict]
        known = days[r.account, day]
        known[r.region, r.machine] = max(worst, known.get((r.region, r.machine), 0))
    expected = [(*where, len(m), sum(w == 1 for w in m.values()), 100 * sum(w == 1 for w in m.values()) / len(m)) for where, m in days.items()]
    is_so, detail = same([tuple(row.values()) for row in ask(connection, "03-")], expected)
    holds("the share that passed", is_so, detail)

    expected = made.repairs(all_runs)
    is_so, detail = same(connection.execute("SELECT * FROM vpcheck.repairs").fetchall(), expected)
    holds("repairs are those that one counts by walking", expected and is_so, detail)
    months = defaultdict(list)
    for account, _, _, failed, _, taken in expected:
        months[account, failed.strftime("%Y-%m")].append(taken)
    close = True
    rows = ask(connection, "04-")
    for row in rows:
        times = months[row["account"], row["month"]]
        done = sorted(t for t in times if t is not None)
        close &= row["failures"] == len(times) and row["still_open"] == len(times) - len(done)
        close &= not done or math.isclose(row["mean_hours"], sum(done) / len(done)) and row["longest_hours"] == done[-1]
        close &= not done or done[int(len(done) * 0.4)] <= row["median_hours"] <= done[min(len(done) - 1, int(len(done) * 0.6) + 1)]
    holds("the mean time to repair", rows and len(rows) == len(months) and close, rows[:3])

    expected = made.cause_repairs(all_runs)
    is_so, detail = same(connection.execute("SELECT * FROM vpcheck.cause_repairs").fetchall(), expected)
    holds("causes' repairs are those that one counts by walking", expected and is_so, detail)
    by_code = defaultdict(list)
    for row in expected:
        by_code[row[3]].append(row)
    close = True
    rows = ask(connection, "05-")
    for row in rows:
        own = by_code[row["code"]]
        done = [r[7] for r in own if r[7] is not None]
        close &= (row["times"], row["still_open"], row["machines"]) == (len(own), len(own) - len(done), len({r[2] for r in own}))
        close &= math.isclose(row["mean_hours"], sum(done) / len(done)) and row["longest_hours"] == max(done)
    holds("the time to repair by cause", len(rows) == len(by_code) and close, rows)
    is_so, detail = same([(r["machine"], r["code"], r["subject"], r["found_at"]) for r in ask(connection, "06-")], [(r[2], r[3], r[4], r[5]) for r in expected if r[6] is None])
    holds("what is open longest", is_so, detail)

    weeks = defaultdict(set)
    per_day = defaultdict(lambda: (set(), set()))
    for r in all_runs:
        week = (r.at.date() - timedelta(days=r.at.weekday())).isoformat()
        for code, severity, _ in r.findings:
            weeks[week, code, severity].add(r.machine)
            machines, ids = per_day[r.account, r.region, r.at.strftime("%Y-%m-%d"), code, severity]
            machines.add(r.machine)
            ids.add(r.run_id)
    is_so, detail = same([tuple(row.values()) for row in ask(connection, "07-")], [(*where, len(m)) for where, m in weeks.items()])
    holds("causes over time, by week", is_so, detail)
    is_so, detail = same(connection.execute("SELECT * FROM vpcheck.causes_by_day").fetchall(), [(*where, len(m), len(i)) for where, (m, i) in per_day.items()])
    holds("causes over time, by day", is_so, detail)

    public = defaultdict(list)
    for r in all_runs:
        if r.route == "public":
            public[r.account, r.region].append(r)
    rows = [(row["account"], row["region"], row["first_seen"], row["last_seen"], row["machines"], row["runs"]) for row in ask(connection, "08-")]
    expected = [(*w, made.naive(min(r.at for r in own)), made.naive(max(r.at for r in own)), len({r.machine for r in own}), len(own)) for w, own in public.items()]
    is_so, detail = same(rows, expected)
    holds("what left publicly", expected and is_so, detail)

    recent = [r for r in all_runs if r.at.strftime("%Y-%m-%d") >= month]
    loose = Counter((r.account, r.region, r.machine) for r in recent if not r.signed)
    is_so, detail = same([(*list(row.values())[:3], row["runs"]) for row in ask(connection, "09-")], [(*where, n) for where, n in loose.items()])
    holds("what is not signed", loose and is_so, detail)
    gaps = ask(connection, "10-")
    holds("whole chains have no gaps", not gaps, gaps[:3])
    caught = {(r.account, r.region, subject) for r in all_runs for code, _, subject in r.findings if code == "tls-intercepted"}
    rows = ask(connection, "11-")
    holds("who was intercepted", {(r["account"], r["region"], r["subject"]) for r in rows} == caught and len(rows) == len(caught), rows[:3])

    asked = (today - timedelta(days=7)).isoformat()
    earliest = (today - timedelta(days=38)).isoformat()
    then = {where: own[-1] for where, own in made.by_machine(r for r in all_runs if earliest < r.at.strftime("%Y-%m-%d") <= asked).items()}
    is_so, detail = same([tuple(row.values()) for row in ask(connection, "12-")], [(*where, r.verdict, made.naive(r.at)) for where, r in then.items()])
    holds("the verdict as of a day", then and is_so, detail)
    rows = ask(connection, "13-")
    holds("which versions judge", sum(row["runs"] for row in rows) == len(recent) and {row["rules_version"] for row in rows} == {None, "r"}, rows)
    holds("every line is a document", not ask(connection, "14-"))
    print(f"asked and counted in {time.monotonic() - began:.0f} s", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--vpcheck", required=True)
    options.add_argument("--demo", required=True)
    options.add_argument("--runs", type=int, default=1_000_000)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        the_statements()
        the_layout(options.vpcheck, options.demo, Path(directory))
        the_history(options.runs, Path(directory))
    print(f"\n{sum(TRIED)} passed, {len(TRIED) - sum(TRIED)} failed")
    sys.exit(0 if all(TRIED) else 1)


main()
