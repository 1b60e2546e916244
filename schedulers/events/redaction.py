"""An event's body without the user information of the URLs in it, as it is kept in the queue and shown to people.

The strings are looked at, not the JSON: escapes hide nothing, and what looks like the end of a string is none.
JSON and base64 inside strings are opened as well. The links of the event stay what they are.
"""

import base64
import binascii
import json
import re
from collections.abc import Collection
from typing import Any

import msgspec

from fetchers.urls import redacted, redacted_url
from schedulers.errors import InvalidUrl, UnreadableEvent
from schedulers.events.values import decode
from schedulers.urls import parse_shared

_MAY_HOLD_ONE = re.compile(rb'@|\\u0040|"data_base64"')
DEEPEST = 3
"""JSON in a string of JSON in a string."""


def redact_body(body: bytes, urls: Collection[str] = ()) -> bytes:
    """The body; the same one where there is nothing to take out. `urls` are the links that were found in it, whose
    strings are whole URLs. What is no JSON is treated as one text. Never raises."""
    if not _MAY_HOLD_ONE.search(body):
        return body
    try:
        value = decode(body)
        return _encoded(_Redaction(urls).of(value, 0))
    except (UnreadableEvent, ValueError, RecursionError):
        text = body.decode("utf-8", "surrogateescape")
        return redacted(text).encode("utf-8", "surrogateescape")


class _Redaction:
    """Changes decoded values in place; a stack and no recursion, for they may be nested deeply."""

    def __init__(self, urls: Collection[str]) -> None:
        self._urls = frozenset(urls)

    def of(self, value: Any, depth: int) -> Any:
        root: list[Any] = [value]
        remaining: list[Any] = [root]
        while remaining:
            one = remaining.pop()
            for place, inner in list(one.items() if isinstance(one, dict) else enumerate(one)):
                if isinstance(inner, str):
                    one[place] = self._base64(inner, depth) if place == "data_base64" else self._text(inner, depth)
                elif isinstance(inner, dict | list):
                    remaining.append(inner)
        return root[0]

    def _text(self, text: str, depth: int) -> str:
        stripped = text.strip()
        if depth < DEEPEST and stripped.startswith("{"):
            try:
                value = decode(stripped.encode("utf-8", "replace"))
            except UnreadableEvent:
                return redacted(text)
            changed = self.of(value, depth + 1)
            return _encoded(changed).decode() if _MAY_HOLD_ONE.search(text.encode("utf-8", "replace")) else text
        return _link(stripped) if "@" in text and stripped in self._urls else redacted(text)

    def _base64(self, text: str, depth: int) -> str:
        try:
            opened = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, ValueError):
            return text
        closed = self._text(opened, depth)
        return text if closed == opened else base64.b64encode(closed.encode("utf-8", "replace")).decode()


def _link(text: str) -> str:
    """What is read as the same link again."""
    try:
        return parse_shared(text)
    except InvalidUrl:
        return redacted_url(text)


def _encoded(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (OverflowError, ValueError):  # an integer of more than 64 bits
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
