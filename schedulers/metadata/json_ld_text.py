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
    r"(?:[\s\ufeff]++|<!--(?:[^{\[<>]{0,1000}+>)?|-->|(?://|/\*)\s*+<!\[CDATA\[|<!\[CDATA\[|\]\]>"
    r"|/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*+(?:\n|\Z)|\*/)*+"
)
_CLOSING = re.compile(r"(?:\s|-->|//|/\*|\*/|\]\]>|;)+$")
_CLOSING_LENGTH = 200
# Strings are matched first, so that nothing inside one is taken for a comment or a comma. Each alternative also ends
# with the text, so that an unclosed one is read once and not again from each of its characters.
_LOOSE = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|/\*.*?(?:\*/|\Z)|//[^\n]*|,(?=\s*+[}\]])', re.DOTALL)
# JavaScript's escapes, which JSON does not know; each can mean one thing. Whole escapes are matched, so that `\\\\'` is
# a backslash and an apostrophe.
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_JSON_ESCAPES = frozenset('"\\/bfnrtu')
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
    if "&quot;" in text[:20]:
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
            return
        yield value


def _mended(match: re.Match[str]) -> str:
    """A string with JSON's escapes only; a space for a comment or a comma too many."""
    found = match.group()
    if found[0] != '"':
        return " "
    return _ESCAPE.sub(_escape, found) if "\\" in found else found


def _escape(match: re.Match[str]) -> str:
    if match[1] is not None:
        return f"\\u00{match[1]}"
    return match.group() if match[2] in _JSON_ESCAPES else match[2]
