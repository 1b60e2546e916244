"""Which encoding does a page declare? The standard's prescan of the first bytes, and the head that follows.

html.spec.whatwg.org, "prescan a byte stream to determine its encoding", step by step, as one expression per step. For
`charset.py` alone. Bytes in, a name or None out, in time linear in what is looked at.
"""

import re
from collections.abc import Iterator
from itertools import islice

from schedulers.metadata.charset_names import USER_DEFINED, UTF_8, UTF_16_BE, UTF_16_LE, WINDOWS_1252, name_of

PRESCANNED = 1024
"""Bytes, as the standard recommends and browsers do."""

LONGEST_HEAD = 1 << 19
MOST_TAGS = 1_000
"""Bytes and tags of a head that are searched for a late declaration."""

_TAG = re.compile(rb"<(?:(!--)|(/?[A-Za-z][^\t\n\f\r />]*+)|([!/?]))")
_ATTRIBUTE = re.compile(
    rb"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)\"|'([^']*+)'|([\"'])|([^\t\n\f\r >]*+)))?+"
)
"""A name, and a value in quotes (2, 3), in quotes that never close (4), or bare (5)."""

_CONTENT_CHARSET = re.compile(
    r"charset[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*)\"|'([^']*)'|(?![\"'])([^\t\n\f\r ;]+))", re.IGNORECASE
)
_XML_ENCODING = re.compile(
    rb"<\?xml[^>]*?encoding[\x00-\x20]*=[\x00-\x20]*(?:\"([^\">\x00-\x20]*)\"|'([^'>\x00-\x20]*)')"
)

_RAW_TEXT = frozenset((b"script", b"style", b"title", b"noscript", b"noframes", b"template"))
_OF_HEAD = frozenset((b"html", b"head", b"meta", b"link", b"base", b"basefont", b"bgsound")) | _RAW_TEXT


def declared_first(body: bytes) -> str | None:
    """What the first bytes declare: a UTF-16 XML declaration, a `<meta>`, else an XML declaration."""
    first = body[:PRESCANNED]
    if first.startswith(b"<\0?\0x\0"):
        return UTF_16_LE
    if first.startswith(b"\0<\0?\0x"):
        return UTF_16_BE
    for tag, start in _tags(first):
        found = _of_meta(first, start) if tag == b"meta" else None
        if found is not None:
            return found
    return _of_xml(first)


def declared_later(body: bytes) -> str | None:
    """What a `<meta>` says that stands in the head behind the first bytes: the parser meets it, and browsers change the
    encoding then. Here texts of scripts and the like are passed over, and the first tag of the body ends the search."""
    head = body[:LONGEST_HEAD]
    for tag, start in islice(_tags(head, raw_text=True), MOST_TAGS):
        if tag == b"/head" or not (tag.startswith(b"/") or tag in _OF_HEAD):
            return None
        found = _of_meta(head, start) if tag == b"meta" else None
        if found is not None:
            return found
    return None


def in_content_type(value: str) -> str | None:
    """The encoding in a `Content-Type`, or in the `content` of a `<meta>`."""
    found = _CONTENT_CHARSET.search(value)
    return name_of(found[1] or found[2] or found[3] or "") if found else None


def _tags(data: bytes, *, raw_text: bool = False) -> Iterator[tuple[bytes, int]]:
    """Each tag's name in lower case (`/head` of an end tag), and where its attributes begin."""
    at = 0
    while tag := _TAG.search(data, at):
        at = tag.end()
        if tag[2] is None:
            at = _behind(data, b"-->", tag.start() + 2) if tag[1] else _behind(data, b">", tag.start())
            continue
        name = tag[2].lower()
        yield name, at
        if raw_text and name in _RAW_TEXT:
            closing = re.compile(rb"</" + name + rb"[\t\n\f\r />]", re.IGNORECASE).search(data, at)
            at = closing.end() if closing else len(data)
        else:
            at = _attributes(data, at)[1]


def _attributes(data: bytes, start: int) -> tuple[dict[bytes, bytes], int]:
    """Values by name, in lower case, the first of equal names; and where they end. What the data's end cuts off is no
    tag at all."""
    values: dict[bytes, bytes] = {}
    at = start
    while found := _ATTRIBUTE.match(data, at):
        at = found.end()
        if found[4] is not None or at == len(data):
            return {}, len(data)
        values.setdefault(found[1].lower(), (found[2] or found[3] or found[5] or b"").lower())
    return values, at


def _of_meta(data: bytes, start: int) -> str | None:
    """`<meta charset=…>`, or `<meta http-equiv=content-type content="…charset=…">`."""
    values, _ = _attributes(data, start)
    if b"charset" in values:
        return _as_declared(name_of(values[b"charset"].decode("latin-1")))
    if values.get(b"http-equiv") == b"content-type":
        return _as_declared(in_content_type(values.get(b"content", b"").decode("latin-1")))
    return None


def _of_xml(data: bytes) -> str | None:
    if not data.startswith(b"<?xml"):
        return None
    found = _XML_ENCODING.match(data)
    return _as_declared(name_of((found[1] or found[2] or b"").decode("latin-1"))) if found else None


def _as_declared(name: str | None) -> str | None:
    """A page that can be read byte by byte is not in UTF-16, whatever it says."""
    if name in (UTF_16_BE, UTF_16_LE):
        return UTF_8
    return WINDOWS_1252 if name == USER_DEFINED else name


def _behind(data: bytes, mark: bytes, start: int) -> int:
    found = data.find(mark, start)
    return found + len(mark) if found >= 0 else len(data)
