"""From the text of a JSON-LD block to its values. Its one rule: repairs are made only where the text can mean one
thing, and each takes linear time.
"""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

# Old templates hide scripts from older browsers behind comment and CDATA marks.
_OPENING = re.compile(r"^(?:\s|<!--|//|/\*|\*/|<!\[CDATA\[)+")
_CLOSING = re.compile(r"(?:\s|-->|//|/\*|\*/|\]\]>|;)+$")
_CLOSING_LENGTH = 200
# Strings are matched first, so that nothing inside one is taken for a comment or a comma. Each alternative also ends
# with the text, so that an unclosed one is read once and not again from each of its characters.
_LOOSE = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|/\*.*?(?:\*/|\Z)|//[^\n]*|,(?=\s*+[}\]])', re.DOTALL)
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
        text = _OPENING.sub("", text, count=1)
    if text.endswith("}") or (text.endswith("]") and not text.endswith("*]")):
        return text
    return text[:-_CLOSING_LENGTH] + _CLOSING.sub("", text[-_CLOSING_LENGTH:])


def _repaired(text: str) -> Iterator[Any]:
    """Comments and trailing commas dropped, raw line ends in strings accepted, several values in one block read."""
    if "&quot;" in text[:20]:
        text = html.unescape(text)
    for _ in range(2):  # a comma may stand before a comment that stands before the bracket
        text = _LOOSE.sub(lambda match: match.group() if match.group()[0] == '"' else " ", text)
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
