"""Which styles hide text from a page's reader: of a `style` attribute, and of the page's own style sheets. Pure.

Text that is hidden from people is often written for machines that obey it. This is no layout engine: scripts, linked
style sheets and selectors of several parts are not looked at.
"""

import re
from collections.abc import Iterator

STYLE_LENGTH = 4096
SHEET_LENGTH = 256 * 1024
"""Characters of a page's style sheets that are looked at."""
MOST_SELECTORS = 500

_ZERO = r"0*(?:\.0*)?(?![\d.])"
_HIDDEN = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden"
    rf"|font-size\s*:\s*(?:0?\.\d+px|1(?:\.\d+)?px|0?\.0\d*r?em|{_ZERO}\s*(?:px|em|rem|pt|%|[;!]|$))"
    r"|text-indent\s*:\s*-\d{3,}|(?:left|top|right|bottom|margin-left|margin-top)\s*:\s*-\d{3,}"
    r"|clip-path\s*:\s*inset\(\s*(?:50|100)%|clip\s*:\s*rect\(\s*[01](?:px)?\b)",
    re.IGNORECASE,
)
_FAINT = re.compile(
    rf"(?<![\w-])opacity\s*:\s*(?:{_ZERO}|0?\.0\d*)\s*(?:[;!%]|$)|opacity\(\s*{_ZERO}%?\s*\)"
    rf"|scale(?:3d|x|y)?\(\s*{_ZERO}\s*[,)]"
    r"|(?<![\w-])color\s*:\s*(?:transparent|#[0-9a-f]{6}00\b|#[0-9a-f]{3}0\b"
    r"|(?:rgb|hsl)a?\([^)]{1,60}[,/]\s*0?(?:\.0*)?%?\s*\))",
    re.IGNORECASE,
)
"""What a script may bring to light as the page loads; so it counts in an attribute alone."""
_COLOUR = re.compile(r"(?<![\w-])(color|background(?:-color)?)\s*:\s*([^;!]{1,60})", re.IGNORECASE)
_SIMPLE = re.compile(r"[a-z][a-z0-9]*[.#][\w-]+(?:[.#][\w-]+)*|[.#][\w-]+(?:[.#][\w-]+)*", re.IGNORECASE | re.ASCII)
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)


def hides(style: str) -> bool:
    """Whether an element with this `style` attribute is not seen."""
    text = style[:STYLE_LENGTH]
    return _HIDDEN.search(text) is not None or _FAINT.search(text) is not None or _is_of_one_colour(text)


def hidden_selectors(sheet: str) -> list[str]:
    """The selectors of one part (`.a`, `#b`, `p.c`) that a style sheet hides, each as CSS has it."""
    found = dict.fromkeys(_selectors(_COMMENT.sub(" ", sheet[:SHEET_LENGTH])))
    return list(found)[:MOST_SELECTORS]


def _selectors(sheet: str) -> Iterator[str]:
    for rule in sheet.split("}"):
        before, _, declarations = rule.rpartition("{")
        if _HIDDEN.search(declarations[:STYLE_LENGTH]) is None:
            continue
        heads = before.rpartition("{")[2].rpartition(";")[2]  # a rule within `@media`, or behind `@import`
        for head in heads[:STYLE_LENGTH].split(","):
            if _SIMPLE.fullmatch(head.strip()):
                yield head.strip()


def _is_of_one_colour(style: str) -> bool:
    """White on white, in one way of writing it."""
    said = {name.lower()[:10]: value.strip().lower() for name, value in _COLOUR.findall(style)}
    return "color" in said and said["color"] == said.get("background")
