"""The page in headless Chromium: what it loads, runs and shows, at a phone's width and a desk's, by day, by night, on paper."""

import io
import re
import unicodedata

from axe_playwright_python.base import AXE_FILE_PATH
from PIL import Image
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-default-apps", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND"]
PHONE, DESK = (390, 844), (1280, 900)

# What the page may consist of; a server's text that became an element would be another one.
ELEMENTS = set("html head meta title style body header main section article h1 h2 h3 h4 p ul ol li dl dt dd code pre b i a "
               "span small figure figcaption details summary div table thead tbody tr th td "
               "svg symbol use path circle".split())
ATTRIBUTES = set("lang charset http-equiv content name class id role aria-label aria-hidden href open data-label "
                 "width height viewbox d cx cy r".split())

SURVEY = """() => {
  const all = [...document.querySelectorAll('*')];
  const text = element => element.textContent.replace(/\\s+/g, ' ').trim();
  const width = document.documentElement.clientWidth;
  const visible = element => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const outside = all.filter(e => visible(e) && !e.closest('svg, .read')
    && (e.getBoundingClientRect().right > width + 1 || e.getBoundingClientRect().left < -1));
  return {
    elements: [...new Set(all.map(e => e.localName))],
    attributes: [...new Set(all.flatMap(e => [...e.attributes].map(a => a.name.toLowerCase())))],
    hrefs: all.filter(e => e.hasAttribute('href')).map(e => e.getAttribute('href')),
    ids: all.filter(e => e.id).map(e => e.id),
    title: document.title,
    headline: text(document.querySelector('h1')),
    overflow: document.documentElement.scrollWidth - width,
    outside: outside.map(e => e.localName + '.' + e.className + ': ' + text(e).slice(0, 60)),
    paths: [...document.querySelectorAll('figure.path')].map(f => ({
      label: f.getAttribute('aria-label'),
      nodes: [...f.querySelectorAll('.node')].map(n => { const r = n.getBoundingClientRect();
        return { x: r.x, y: r.y, width: r.width, height: r.height, kind: text(n.querySelector('small')) }; }),
      broken: [...f.querySelectorAll('.link li.bad > b')].map(text),
      words: [...f.querySelectorAll('.link li')].map(text),
      cuts: [...f.querySelectorAll('.cut')].map(n => { const r = n.getBoundingClientRect();
        return [r.x + r.width / 2, r.y + window.scrollY + r.height / 2]; }),
      caption: text(f.querySelector('figcaption')),
    })),
    rows: [...document.querySelectorAll('.row > summary > b')].map(text),
    policy: document.querySelector('meta[http-equiv=Content-Security-Policy]')?.content,
    headings: [...document.querySelectorAll('h1, h2, h3')].map(text),
  };
}"""


class Browser:
    """One Chromium with a fresh profile."""

    def __enter__(self):
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        # Without the page's own policy: it is a second lock, and must not hide that the first one is open.
        context = self.chromium.new_context(bypass_csp=True, viewport={"width": PHONE[0], "height": PHONE[1]})
        self.page = context.new_page()
        self.asked, self.ran = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.ran.append(dialog.message), dialog.dismiss()))
        self.page.on("console", lambda message: self.ran.append(message.text))
        self.page.on("pageerror", lambda error: self.ran.append(str(error)))
        self.axe = AXE_FILE_PATH.read_text()
        return self

    def __exit__(self, *_):
        self.chromium.close()
        self.playwright.stop()

    def open(self, path):
        self.asked.clear()
        self.ran.clear()
        self.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        self.page.goto(path.as_uri())
        return self.page.evaluate(SURVEY)

    def problems(self, path, report):
        """What holds of every page."""
        seen = self.open(path)
        problems = []

        def must(holds, what):
            if not holds:
                problems.append(what)

        must(self.asked == [path.as_uri()], f"it loads {self.asked[1:]}")
        must(not self.ran, f"something runs: {self.ran}")
        must(set(seen["elements"]) <= ELEMENTS, f"elements {set(seen['elements']) - ELEMENTS}")
        must(set(seen["attributes"]) <= ATTRIBUTES, f"attributes {set(seen['attributes']) - ATTRIBUTES}")
        marks = {"ok", "bad", "open", "unseen"}
        causes = {f"cause-{n + 1}" for n in range(len(report["findings"]))}
        must(sorted(seen["ids"]) == sorted(marks | causes), f"ids {seen['ids']}")
        leads = [href for href in seen["hrefs"] if href.removeprefix("#") not in seen["ids"]]
        must(not leads, f"it leads to {leads}")
        must(seen["policy"] == "default-src 'none'; style-src 'unsafe-inline'", f"policy {seen['policy']}")
        word = {"pass": "PASS: ", "fail": "FAIL: ", "inconclusive": "INCONCLUSIVE: "}[report["verdict"]]
        must(seen["headline"].startswith(word), f"headline {seen['headline'][:80]!r}")
        must(seen["title"].startswith(f"vpcheck: {word}"), f"title {seen['title'][:80]!r}")
        must(seen["overflow"] <= 0, f"{seen['overflow']} pixels too wide for a phone: {seen['outside'][:3]}")
        must(not seen["outside"], f"outside a phone's screen: {seen['outside'][:3]}")
        self.drawn(seen, report, must)
        self.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        wide = self.page.evaluate(SURVEY)
        must(wide["overflow"] <= 0 and not wide["outside"], f"too wide for a desk: {wide['outside'][:3]}")
        for drawn in wide["paths"]:
            xs = [node["x"] for node in drawn["nodes"]]
            must(xs == sorted(set(xs)), f"on a desk the path does not go from left to right: {xs}")
        return problems

    def drawn(self, seen, report, must):
        """Every service has its path; one that fails shows where."""
        paths = {drawn["label"].removeprefix("Path from the workload to "): drawn for drawn in seen["paths"]}
        services = report["services"]
        must(len(seen["paths"]) + len(seen["rows"]) == len(services),
             f"{len(seen['paths'])} paths and {len(seen['rows'])} rows for {len(services)} services")
        for drawn in seen["paths"]:
            must(len(drawn["nodes"]) == 4, f"{len(drawn['nodes'])} boxes in the path")
            must(all(node["width"] > 40 and node["height"] > 20 for node in drawn["nodes"]), "a box that is not seen")
            ys = [node["y"] for node in drawn["nodes"]]
            must(ys == sorted(set(ys)), f"on a phone the path does not go downwards: {ys}")
            must(bool(drawn["cuts"]) == bool(drawn["broken"]), "a break without its mark")
            words = ("holds", "breaks here", "not established", "behind the break", "not reached")
            must(all(word.endswith(words) for word in drawn["words"]), f"a step without its word: {drawn['words']}")
        if len(paths) < len(seen["paths"]):
            return
        for service in services:
            drawn = paths.get(re.sub(r"\s+", " ", service["service"]).strip())
            if service["verdict"] == "fail" and drawn is not None:
                must(drawn["broken"], f"{service['service']} fails, and its path shows no break")
            if service["verdict"] != "fail" and drawn is not None and drawn["broken"]:
                must(set(drawn["broken"]) == {"permission"}, f"{service['service']} does not fail: {drawn['broken']}")

    def breaks(self):
        """Where the paths of the page that is open break."""
        return sorted({label for drawn in self.page.evaluate(SURVEY)["paths"] for label in drawn["broken"]})

    def looks(self, path, keep):
        """Screenshots by day and night, the accessibility rules of WCAG 2 A and AA, and paper."""
        problems = []
        self.open(path)
        self.page.evaluate(self.axe)
        for width, height in (PHONE, DESK):
            self.page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                found = self.page.evaluate(
                    "() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})")
                for violation in found["violations"]:
                    nodes = [node["html"][:100] for node in violation["nodes"]]
                    problems.append(f"{width} {scheme}: {violation['id']}: {violation['help']}: {nodes[:2]}")
                picture = self.page.screenshot(full_page=True)
                if keep:
                    (keep / f"{path.stem}-{width}-{scheme}.png").write_bytes(picture)
                problems += [f"{width} {scheme}: {what}" for what in self.pixels(picture, scheme)]
        self.page.emulate_media(color_scheme="light")
        paper = self.page.pdf(format="A4", print_background=False)
        if keep:
            (keep / f"{path.stem}.pdf").write_bytes(paper)
        return problems + self.printed(paper)

    def pixels(self, picture, scheme):
        """The page is light or dark as asked, and a break is red where it is drawn."""
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        red, green, blue = image.getpixel((2, 2))
        problems = []
        if (red + green + blue > 384) != (scheme == "light"):
            problems.append(f"the background is {red}, {green}, {blue}")
        for drawn in self.page.evaluate(SURVEY)["paths"]:
            for x, y in drawn["cuts"]:
                box = image.crop((int(x) - 10, int(y) - 10, int(x) + 10, int(y) + 10))
                if not any(r > 150 and r > g + 60 and r > b + 60 for r, g, b in box.getdata()):
                    problems.append("a break that is not red")
        return problems

    def printed(self, paper):
        reader = PdfReader(io.BytesIO(paper))
        problems = []

        def squeezed(text):
            # Without ligatures, and without the spaces that setting type makes and loses.
            return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()

        pages = [squeezed(page.extract_text()) for page in reader.pages]
        for heading in self.page.evaluate(SURVEY)["headings"]:
            if squeezed(heading) not in "".join(pages):
                problems.append(f"{heading[:60]!r} is not on paper")
        if not all(pages):
            problems.append("an empty sheet")
        if any(round(float(page.mediabox.width)) not in (595, 596) for page in reader.pages):
            problems.append("a sheet that is not A4")
        return problems
