"""The lines of a robots.txt and what each one says. Pure; read by `parsing.py`.

It takes what Google's parser takes (a missing colon, misspelt names, anything behind a known name), since site owners
test their files there.
"""

import re
from collections.abc import Iterator
from enum import IntEnum

LIMIT = 500 * 1024
"""RFC 9309, section 2.5: at least 500 kibibytes must be parsed."""
LONGEST_LINE = 2083 * 8 - 1
"""Google's parser cuts lines there: eight times the longest URL of Internet Explorer."""

WHITE = " \t\v\f\r"


class Directive(IntEnum):
    """What a line says."""

    OTHER = 0
    USER_AGENT = 1
    ALLOW = 2
    DISALLOW = 3
    SITEMAP = 4
    CRAWL_DELAY = 5
    USAGE = 6
    LICENSE = 7


PREFIXES = (
    ("user-agent", Directive.USER_AGENT),
    ("useragent", Directive.USER_AGENT),
    ("user agent", Directive.USER_AGENT),
    ("allow", Directive.ALLOW),
    ("disallow", Directive.DISALLOW),
    ("dissallow", Directive.DISALLOW),
    ("dissalow", Directive.DISALLOW),
    ("disalow", Directive.DISALLOW),
    ("diasllow", Directive.DISALLOW),
    ("disallaw", Directive.DISALLOW),
    ("sitemap", Directive.SITEMAP),
    ("site-map", Directive.SITEMAP),
    ("crawl-delay", Directive.CRAWL_DELAY),
    ("crawldelay", Directive.CRAWL_DELAY),
    ("content-signal", Directive.USAGE),
    ("content-usage", Directive.USAGE),
    ("license", Directive.LICENSE),
)
"""Names that count by their beginning, in any case; the misspelt ones are those that Google's parser takes."""


_MARKS = re.compile(rb"\A(?:[\t\n\r ]*(?:\xef\xbb\xbf|\xc3\xaf\xc2\xbb\xc2\xbf))+")
"""Byte order marks: several, behind blank lines, or encoded once more, as editors and templates leave them."""


def text_of(body: bytes) -> str:
    """The text, one character a byte; without byte order marks at its start, and within the limit.

    Half a mark makes the first line unreadable, as Google's specification test has it (its parser takes the half off).
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        body = body[: 2 * LIMIT].decode("utf-16", "replace").encode("utf-8")
    body = _MARKS.sub(b"", body, 1)
    text = body[:LIMIT].decode("latin-1")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(body) >= LIMIT:
        # The last line is cut anywhere, and a rule that is cut says something else.
        text = text[: text.rfind("\n") + 1]
    return text


def directives(text: str) -> Iterator[tuple[int, Directive, str]]:
    """(line number, kind, value) of every line that says something known."""
    kinds = {"": Directive.OTHER}
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            line = line[:LONGEST_LINE]
        key, colon, value = line.partition(":")
        kind = kinds.get(key)
        if kind is None:
            if colon and "#" not in key:
                kind = kinds[key] = _kind_of(key)
            else:
                key, value = _without_colon(line.partition("#")[0])
                kind = _kind_of(key)
        if kind:
            if "#" in value:
                value = value.partition("#")[0]
            yield number, kind, value.strip(WHITE)


def _without_colon(line: str) -> tuple[str, str]:
    """Two words without a colon are name and value; a comment before the first colon leaves a line without one."""
    name, _, value = line.strip(WHITE).replace("\t", " ").partition(" ")
    value = value.lstrip()
    return ("", "") if " " in value else (name, value)


def _kind_of(key: str) -> Directive:
    name = key.strip(WHITE).lower()
    for prefix, kind in PREFIXES:
        if name.startswith(prefix):
            return kind
    return Directive.OTHER
