"""Renders facts in every format and lets others read the result: formats.py VPCHECK FACTS [--keep DIRECTORY] [NAME]..."""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile
import machines
import people
from browser import Browser

READERS = {
    "json": machines.as_json,
    "junit": machines.junit,
    "ocsf": machines.ocsf,
    "asff": machines.asff,
    "prometheus": machines.prometheus,
    "emf": machines.emf,
    "brief": machines.brief,
    "markdown": people.markdown,
    "human": people.human,
}
# Where the drawn path breaks, by what is the matter.
BREAKS = {
    "healthy": [],
    "dns-timeout": ["DNS"],
    "private-dns-disabled": ["leads to"],
    "endpoint-missing": ["leads to"],
    "custom-resolver-bypass": ["leads to"],
    "mixed-answers": ["leads to"],
    "security-group-blocks-443": ["TCP 443"],
    "endpoint-address-down": ["TCP 443"],
    "tls-intercepted": ["TLS"],
    "tls-expired": ["TLS"],
    "not-the-service": ["HTTP"],
    "endpoint-policy-denies": ["permission"],
    "kms-denies": ["permission"],
    "fargate-range-unknown": [],
}
# Looked at in full: pictures, paper, accessibility.
LOOKED_AT = ["healthy", "private-dns-disabled", "security-group-blocks-443", "endpoint-policy-denies", "fargate-range-unknown"]
# Whose facts are tampered with: between them they have every part that facts can have.
TAMPERED = ["tls-intercepted", "endpoint-policy-denies", "custom-resolver-bypass"]


# What was read already, by its text.
READ = {}
# Findings that a browser was shown.
SHOWN = set()
# Places in the facts that may hold any text.
TAKEN = set()


class Tally:
    passed = 0
    failed = 0

    def add(self, name, problems):
        if problems:
            self.failed += 1
            print(f"FAILED: {name}")
            for problem in problems[:6]:
                # repr: what is wrong may be a control character.
                print(f"    {problem!r}"[:400])
        else:
            self.passed += 1


class Rendering:
    """One file of facts in all formats."""

    def __init__(self, vpcheck, facts, directory):
        self.directory = directory
        self.name = facts.stem
        paths = {form: directory / f"{facts.stem}.{form}" for form in (*READERS, "html")}
        outputs = [word for form, path in paths.items() for word in ("-o", f"{form}={path}")]
        ran = subprocess.run([vpcheck, "replay", facts, "--color", "always", "-v", "-v", *outputs],
                             capture_output=True, timeout=60)
        self.code, self.out, self.err = ran.returncode, ran.stdout.decode(), ran.stderr.decode()
        self.texts = {form: path.read_text() for form, path in paths.items() if path.exists()}
        page = paths["html"]
        self.page = page.rename(directory / f"{facts.stem}.html") if page.exists() else None
        self.report = json.loads(self.texts["json"]) if self.written() else None

    def written(self):
        return len(self.texts) == len(READERS) + 1

    def ended_well(self):
        """What must hold of a run whatever the facts say."""
        problems = []
        if self.out:
            problems.append(f"standard output: {self.out[:200]!r}")
        problems += [f"standard error has {what}" for what in people.unseen(people.SGR.sub("", self.err))]
        if self.written():
            wanted = {"pass": 0, "fail": 1, "inconclusive": 3}[self.report["verdict"]]
            if self.code != wanted:
                problems.append(f"exit code {self.code} for {self.report['verdict']}: {self.err[:200]!r}")
        elif self.code != 2 or not self.err.strip() or self.texts:
            problems.append(f"exit code {self.code}, written {sorted(self.texts)}: {self.err[:300]!r}")
        return problems

    def read(self, form, tampered):
        # What is tampered with shows in some of the formats; the others say again what was read before.
        key = hash((form, self.texts[form], self.report["verdict"], len(self.report["findings"])))
        if key not in READ:
            try:
                READ[key] = READERS[form](self.texts[form], self.report, tampered)
            except Exception as error:  # a reader that cannot read it is the finding
                READ[key] = [f"{type(error).__name__}: {error}"]
        return READ[key]

    def browse(self, browser):
        key = hash(("html", self.texts["html"]))
        if key not in READ:
            READ[key] = browser.problems(self.page, self.report)
        return READ[key]


def main():
    vpcheck, facts, *rest = sys.argv[1:]
    keep = None
    if "--keep" in rest:
        at = rest.index("--keep")
        keep = Path(rest[at + 1]).resolve()
        keep.mkdir(parents=True, exist_ok=True)
        del rest[at:at + 2]
    files = {path.stem: path for path in sorted(Path(facts).glob("*.json"))}
    chosen = [path for name, path in files.items() if not rest or name in rest]
    if not chosen:
        print(f"no facts in {facts}\n0 passed, 1 failed")
        return 1
    tally = Tally()
    with tempfile.TemporaryDirectory() as directory, Browser() as browser, ThreadPoolExecutor(2) as pool:
        directory = keep or Path(directory)
        usual(vpcheck, chosen, directory, keep, browser, pool, tally)
        tampered(vpcheck, [path for path in chosen if path.stem in TAMPERED], directory, browser, pool, tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


def usual(vpcheck, files, directory, keep, browser, pool, tally):
    """Facts as vpcheck wrote them."""
    for rendering, found in judged(vpcheck, files, directory, pool, tampered=False):
        for form, problems in found.items():
            tally.add(f"{form}: {rendering.name}", problems)
        if not rendering.written():
            tally.add(f"{rendering.name}", ["not every format was written"])
            continue
        # A browser takes its time: pages with a finding that was not seen before, and those that are asked about below.
        told = {finding["code"] for finding in rendering.report["findings"]}
        if not told <= SHOWN or rendering.name in BREAKS or rendering.name in LOOKED_AT:
            SHOWN.update(told)
            tally.add(f"html: {rendering.name}", rendering.browse(browser))
        if rendering.name in BREAKS:
            breaks = browser.breaks(rendering.page)
            wanted = BREAKS[rendering.name]
            tally.add(f"the path drawn: {rendering.name}",
                      [] if breaks == wanted else [f"breaks at {breaks}, expected {wanted}"])
        if rendering.name in LOOKED_AT:
            tally.add(f"the look: {rendering.name}", browser.looks(rendering.page, keep))


def tampered(vpcheck, files, directory, browser, pool, tally):
    """Facts that somebody else has had."""
    tried = set()
    for path in files:
        facts = json.loads(path.read_text())
        texts, numbers = hostile.shapes(facts, str), hostile.shapes(facts, (int, float))
        cases = [(hostile.called(shape), [shape], hostile.TEXTS["everything"]) for shape in texts if shape not in tried]
        cases += [(f"{hostile.called(shape)} = {number}", [shape], number)
                  for shape in numbers if shape not in tried for number in hostile.NUMBERS]
        tried |= set(texts) | set(numbers)
        taken = attempt(vpcheck, path.stem, facts, cases, directory, browser, pool, tally)
        TAKEN.update(shape for shape in taken if shape in texts)
        # All that was taken, at once.
        those = [shape for shape in texts if shape in TAKEN]
        cases = [(f"everything that may be any text: {name}", those, text) for name, text in hostile.TEXTS.items()]
        attempt(vpcheck, path.stem, facts, cases, directory, browser, pool, tally)


def attempt(vpcheck, stem, facts, cases, directory, browser, pool, tally):
    """Plays cases of tampering; the places at which something else was taken for facts."""
    taken = []
    for rendering, found in judged(vpcheck, write(facts, cases, directory, stem), directory, pool, tampered=True):
        label, paths, _ = cases[int(rendering.name.rpartition("~")[2])]
        problems = [f"{form}: {problem}" for form, them in found.items() for problem in them]
        if rendering.written():
            problems += [f"html: {problem}" for problem in rendering.browse(browser)]
            taken += paths
        tally.add(f"tampered {stem}: {label}", problems)
        for path in directory.glob(f"{rendering.name}.*") if not problems else []:
            path.unlink()
    return taken


def write(facts, cases, directory, stem):
    files = []
    for at, (_, paths, value) in enumerate(cases):
        file = directory / f"{stem}~{at}.facts"
        file.write_text(json.dumps(hostile.changed(facts, paths, value)))
        files.append(file)
    return files


def judged(vpcheck, files, directory, pool, tampered):
    """Each file rendered, and what each reader has to say of it."""

    def judge(file):
        rendering = Rendering(vpcheck, file, directory)
        found = {"the run": rendering.ended_well()}
        if rendering.written():
            found |= {form: rendering.read(form, tampered) for form in READERS}
        return rendering, found

    yield from pool.map(judge, files)


if __name__ == "__main__":
    sys.exit(main())
