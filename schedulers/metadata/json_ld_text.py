"""From the text of a JSON-LD block to its values. Repairs are made only where the text can mean one
thing, and each takes linear time.
"""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

# Before the JSON: white space, comments, and the marks by which old templates hide scripts from older browsers.
_OPENING = re.compile(
    r"(?:[\s\ufeff]++|#[^\n]*+\n|<br\b[^<>]{0,100}+>|<b>[^<>{}]{0,500}+</b>[^<>{}]{0,500}+"
    r"|(?:(?:var|let|const)\s++)?+[A-Za-z_$][\w.$]{0,100}+\s*+=(?=\s*+[{\[])|<!--(?:[^{\[<>]{0,1000}+>)?|-->|(?://|/\*)\s*+<!\[CDATA\[|<!\[CDATA\[|\]\]>"
    r"|/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*+(?:\n|\Z)|\*/)*+"
)
_CLOSING = re.compile(r"(?:\s|-->|//|/\*|\*/|\]\]>|;)+$")
_CLOSING_LENGTH = 200
# Strings are matched first, so that nothing inside one is taken for a comment or a comma. Each alternative also ends
# with the text, so that an unclosed one is read once and not again from each of its characters.
_LOOSE = re.compile(
    r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|/\*.*?(?:\*/|\Z)|//[^\n]*|,(?=\s*+[,}\]])|(?<=[{\[])\s*+,|undefined(?=\s*+[,}\]])',
    re.DOTALL,
)
# JavaScript's escapes, which JSON does not know; each can mean one thing. Whole escapes are matched, so that `\\\\'` is
# a backslash and an apostrophe.
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u\{0{0,4}([0-9a-fA-F]{1,4})\}|(u[0-9a-fA-F]{4})|([\"\\/bfnrt])|\r?\n|(.))", re.DOTALL
)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_CLOSED_BY = {"{": "}", "[": "]"}
_DEEPEST = 100
_ESCAPED_QUOTE = re.compile(r"[{\[]\s*+&(?:quot|#34|#x22);", re.IGNORECASE)
_VALUES = 50


def values(text: str) -> Iterator[Any]:
    """The JSON values of one block; what cannot be read is left out."""
    text = _unwrapped(text)
    if not text:
        return
    try:
        yield msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        yield from _repaired(text)


def _unwrapped(text: str) -> str:
    text = text.strip()
    if not text.startswith(("{", "[")):
        text = text[found.end() :] if (found := _OPENING.match(text)) else text
    if text.endswith("}") or (text.endswith("]") and not text.endswith("*]")):
        return text
    return text[:-_CLOSING_LENGTH] + _CLOSING.sub("", text[-_CLOSING_LENGTH:])


def _repaired(text: str) -> Iterator[Any]:
    """Comments and trailing commas dropped, JavaScript's escapes and raw line ends in strings accepted, several values
    in one block read."""
    if _ESCAPED_QUOTE.search(text, 0, 200):
        text = html.unescape(text)
    for _ in range(2):  # a comma may stand before a comment that stands before the bracket
        text = _LOOSE.sub(_mended, text)
    decoder = json.JSONDecoder(strict=False)
    position = 0
    for _ in range(_VALUES):
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield from _closed(text[position:], decoder)
            return
        yield value


def _closed(text: str, decoder: json.JSONDecoder) -> Iterator[Any]:
    """The value of a text whose last brackets are missing."""
    open_ones: list[str] = []
    for match in _BRACKETS.finditer(text):
        mark = match.group()
        if mark in _CLOSED_BY:
            open_ones.append(_CLOSED_BY[mark])
        elif mark[0] != '"' and (not open_ones or open_ones.pop() != mark):
            return
    if not 0 < len(open_ones) <= _DEEPEST:
        return
    try:
        yield decoder.raw_decode(text.rstrip(" \t\r\n,;") + "".join(reversed(open_ones)))[0]
    except (ValueError, RecursionError):
        return


def _mended(match: re.Match[str]) -> str:
    """A string with JSON's escapes only; a space for a comment or a comma too many."""
    found = match.group()
    if found == "undefined":
        return "null"
    if found[0] != '"':
        return " "
    return _ESCAPE.sub(_escape, found) if "\\" in found else found


def _escape(match: re.Match[str]) -> str:
    if (digits := match[1] or match[2]) is not None:
        return f"\\u{digits:0>4}"
    return match.group() if match[3] or match[4] else match[5] or ""
