"""Formats for people: Markdown as two renderers see it, and the terminal as a terminal does."""

import re

import cmarkgfm
import pyte
from cmarkgfm.cmark import Options
from lxml import html
from markdown_it import MarkdownIt

# What may stand in rendered Markdown: structure, and nothing that is loaded, linked or hidden.
ELEMENTS = {"html", "body", "div", "h2", "h3", "p", "strong", "code", "pre", "ul", "li", "br",
            "table", "thead", "tbody", "tr", "th", "td"}
SGR = re.compile(r"\x1b\[[0-9;]*m")


def markdown(text, report, hostile):
    problems = unseen(text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    opened = [(token.type, token.tag) for token in tokens if token.nesting >= 0]
    inline = {child.type for token in tokens for child in token.children or []}
    for kind in ("html_block", "html_inline", "link_open", "image"):
        if kind in inline or any(kind == name for name, _ in opened):
            problems.append(f"{kind} comes through")
    headings = [tag for name, tag in opened if name == "heading_open"]
    services = len(report["services"])
    wanted = ["h2"] + ["h3"] * (len(report["findings"]) + bool(services))
    if headings != wanted:
        problems.append(f"headings {headings}, expected {wanted}")
    rows = sum(name == "tr_open" for name, _ in opened)
    if rows != (services + 1 if services else 0):
        problems.append(f"{rows} rows for {services} services")
    cells = sum(name in ("td_open", "th_open") for name, _ in opened)
    if cells != rows * 6:
        problems.append(f"{cells} cells in {rows} rows")
    fences = sum(token.type == "fence" for token in tokens)
    commands = sum(bool(finding["fix"]["commands"]) for finding in report["findings"])
    if fences != commands:
        problems.append(f"{fences} blocks of commands for {commands} fixes that have some")
    return problems + as_github(text)


def as_github(text):
    """GitHub's own renderer, with its extensions, and with nothing filtered that would come through."""
    rendered = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    problems = []
    for element in html.fromstring(f"<div>{rendered}</div>").iter():
        if element.tag not in ELEMENTS:
            problems.append(f"<{element.tag}> comes through on GitHub: {(element.text_content() or '')[:60]!r}")
        elif set(element.attrib) - {"class", "lang", "align"}:
            problems.append(f"<{element.tag}> has {dict(element.attrib)}")
    return problems[:5]


def human(text, report, hostile):
    """The report with colours, as a terminal would take it."""
    problems = unseen(SGR.sub("", text))
    lines = text.split("\n")
    if hostile and max(map(len, lines)) > 2000:
        lines = [line for line in lines if len(line) <= 2000]
    width = max(map(len, lines)) + 1
    screen = pyte.Screen(width, len(lines) + 1)
    stream = pyte.Stream(screen)
    stream.feed("\r\n".join(lines))
    if screen.title or screen.icon_name:
        problems.append(f"the window is called {screen.title or screen.icon_name!r}")
    plain = [SGR.sub("", line).rstrip() for line in lines]
    shown = [line.rstrip() for line in screen.display]
    if any(map(is_wide, "".join(plain))):
        return problems
    for at, (wanted, seen) in enumerate(zip(plain, shown)):
        if wanted != seen:
            problems.append(f"line {at + 1}: {wanted[:60]!r} is shown as {seen[:60]!r}")
            break
    word = {"pass": "PASS:", "fail": "FAIL:", "inconclusive": "INCONCLUSIVE:"}[report["verdict"]]
    if not shown[0].startswith(word):
        problems.append(f"it does not begin with {word}")
    return problems


def is_wide(character):
    return ord(character) >= 0x300


def unseen(text):
    """Characters that control a terminal, reorder text or hide."""
    loose = sorted({f"U+{ord(c):04X}" for c in text if is_unseen(c)})
    return [f"characters {', '.join(loose)}"] if loose else []


def is_unseen(c):
    return (c != "\n" and (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0)) or c in UNSEEN


UNSEEN = {chr(c) for spans in ((0x200B, 0x2010), (0x2028, 0x202F), (0x2060, 0x2070), (0xFEFF, 0xFF00), (0xFFF9, 0xFFFC),
                               (0xD800, 0xE000), (0xE0000, 0xE0080)) for c in range(*spans)} | {"\u00ad", "\u061c"}
