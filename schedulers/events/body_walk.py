"""Changes the values of an event's body. The strings are looked at, not the JSON, so that escapes hide nothing and what
looks like the end of a string is none. JSON and base64 inside strings are opened as well."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from schedulers.errors import UnreadableEvent
from schedulers.events.values import decode

DEEPEST = 3
"""JSON in a string of JSON in a string."""
ESCAPED_LETTER = rb"u00[67]"
"""In a name, escaped letters of ASCII: nobody writes them so but to hide the name from a search of the bytes."""

Change = Callable[[object, Any], Any]
"""Given the name (or place in an array) and the string, number, truth value or null under it: what is kept instead."""


class BodyWalk:
    """Changes decoded values in place; a stack and no recursion, for they may be nested deeply.

    `wanted` is found in each text that holds something to change. Strings under `whole` are never opened.
    """

    def __init__(self, wanted: re.Pattern[bytes], change: Change, whole: Collection[str] = ()) -> None:
        self._wanted = wanted
        self._change = change
        self._whole = frozenset(whole)

    def changed(self, body: bytes) -> bytes:
        """The body again; the same one where `wanted` is not in it. Raises `UnreadableEvent`, ValueError and
        RecursionError for what is no JSON."""
        return _encoded(self._of(decode(body), 0)) if self._wanted.search(body) else body

    def _of(self, value: Any, depth: int) -> Any:
        root: list[Any] = [value]
        remaining: list[Any] = [root]
        while remaining:
            one = remaining.pop()
            for place, inner in list(one.items() if isinstance(one, dict) else enumerate(one)):
                if isinstance(inner, dict | list):
                    remaining.append(inner)
                elif not isinstance(inner, str) or place in self._whole:
                    one[place] = self._change(place, inner)
                elif place == "data_base64":
                    one[place] = self._base64(inner, depth)
                else:
                    one[place] = self._text(place, inner, depth)
        return root[0]

    def _text(self, place: object, text: str, depth: int) -> Any:
        stripped = text.strip()
        if depth >= DEEPEST or not stripped.startswith("{"):
            return self._change(place, text)
        try:
            value = decode(stripped.encode("utf-8", "replace"))
        except UnreadableEvent:
            return self._change(place, text)
        changed = self._of(value, depth + 1)
        return _encoded(changed).decode() if self._wanted.search(text.encode("utf-8", "replace")) else text

    def _base64(self, text: str, depth: int) -> str:
        try:
            opened = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, ValueError):
            return text
        closed = self._text("data_base64", opened, depth)
        return text if closed == opened else base64.b64encode(closed.encode("utf-8", "replace")).decode()


def _encoded(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (OverflowError, ValueError):  # an integer of more than 64 bits
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
