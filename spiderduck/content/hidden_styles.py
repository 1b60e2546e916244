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
_PART = r"(?:[.#][\w-]+|\[[\w-]+(?:[~|^$*]?=(?:[\w-]+|\"[\w -]*\"|'[\w -]*'))?\])"
_SIMPLE = re.compile(rf"(?:[a-z][a-z0-9]*)?{_PART}{{1,10}}", re.IGNORECASE | re.ASCII)
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_WHITE = re.compile(
    r"(?<![\w-])color\s*:\s*(?:white|snow|ivory|#f[0-9a-f]f[0-9a-f]f[0-9a-f]|#fff|rgba?\(\s*2[45]\d[\s,]+2[45]\d[\s,]+2[45]\d\b[^)]{0,20}\)"
    r"|hsla?\([^)%]{1,30}%?[\s,]+[\d.]{1,9}%[\s,]+(?:100|9[5-9])%[^)]{0,20}\))\s*(?:[;!]|$)",
    re.IGNORECASE,
)


def hides(style: str) -> bool:
    """Whether an element with this `style` attribute is not seen."""
    text = _plain(style)
    return _HIDDEN.search(text) is not None or _FAINT.search(text) is not None or _is_of_one_colour(text)


def is_white(style: str) -> bool:
    """Whether text with this `style` attribute is not seen on a page that says nothing of backgrounds."""
    return _WHITE.search(_plain(style)) is not None


def _plain(style: str) -> str:
    """The same without comments and escapes."""
    text = style[:STYLE_LENGTH]
    return _ESCAPE.sub(_unescaped, _COMMENT.sub("", text)) if "/*" in text or "\\" in text else text


def _unescaped(escape: re.Match[str]) -> str:
    code = int(escape[1], 16) if escape[1] else ord(escape[2])
    return chr(code) if 0 < code <= 0x10FFFF else "\ufffd"


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
