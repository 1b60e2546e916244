"""Many events in one body: one object, a JSON array, or NDJSON. For HTTP and files.

All or nothing. One unreadable item, and the whole body is refused with the item's place in the message.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from schedulers.errors import UnreadableEvent
from schedulers.events.limits import DEFAULT_LIMITS, LARGEST_EVENT, EventLimits
from schedulers.events.reading import read_event
from schedulers.model import Event

_LINES = ("ndjson", "jsonl", "json-lines", "jsonlines", "json-seq")
"""Parts of the media types that announce one JSON text per line (application/x-ndjson, application/jsonl …)."""

_WHITE = b" \t\r\n\x1e"
"""White space of JSON, and the record separator that starts each text of a JSON text sequence (RFC 7464)."""

DEEPEST = 1_000
"""Levels of an array's items; the decoder draws the line near here as well."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
"""A string, also one that does not end, or a character that makes the structure."""


class Item(NamedTuple):
    """One event's bytes, and its place for people: `item 3 (counted from 0)`, `line 1`, or "" where there is one."""

    place: str
    body: bytes


def read_events(
    body: bytes, content_type: str | None = None, limits: EventLimits = DEFAULT_LIMITS
) -> list[tuple[Event, bytes]]:
    """Every event of `body` with its own raw bytes, in order; none for an empty body.

    `content_type` is the request's header: it tells NDJSON from one object. Each event must be within `limits`. Raises
    `UnreadableEvent`.
    """
    return [(read_item(item, limits), item.body) for item in items_of(body, content_type)]


def items_of(body: bytes, content_type: str | None = None) -> Iterator[Item]:
    """The events of `body`, not read yet; white space around each does not count. `content_type` is the request's
    header. Raises `UnreadableEvent` where the body is an array that has no end, then or when the items are taken."""
    body = body.removeprefix(b"\xef\xbb\xbf").strip(_WHITE)
    if not body:
        return iter(())
    if _announces_lines(content_type):
        return _lines(body)
    if body.startswith(b"["):
        return (Item(f"item {number} (counted from 0): ", item) for number, item in enumerate(_items(body)))
    if b"\n" in body and _is_whole(body.partition(b"\n")[0]):
        return _lines(body)
    return iter((Item("", body),))


def read_item(item: Item, limits: EventLimits = DEFAULT_LIMITS) -> Event:
    """One of them. Raises `UnreadableEvent`, or a kind of it, which names the item's place."""
    try:
        return read_event(item.body, limits)
    except UnreadableEvent as error:
        if not item.place:
            raise
        raise type(error)(f"{item.place}{error}; nothing was accepted") from error


def _lines(body: bytes) -> Iterator[Item]:
    """An empty line is no item, but counts."""
    start, number = 0, 0
    while start <= len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        number += 1
        if line := body[start:end].strip(_WHITE):
            yield Item(f"line {number}: ", line)
        start = end + 1


def _items(body: bytes) -> Iterator[bytes]:
    """The pieces between the outer brackets and commas of an array, not decoded: one call of a JSON decoder for all of
    them would hold every other thread up for as long as it takes."""
    depth = start = 0
    for token in _TOKEN.finditer(body):
        position = token.start()
        character = body[position : position + 1]
        if character in b"[{":
            depth += 1
            start = start or position + 1
            if depth > DEEPEST:
                raise UnreadableEvent("its JSON is nested too deeply; nothing was accepted")
        elif character in b"]}":
            depth -= 1
            if depth == 0:
                break
        elif character == b"," and depth == 1:
            yield body[start:position].strip(_WHITE)
            start = position + 1
    else:
        raise UnreadableEvent("it is not a JSON array: it has no end; nothing was accepted")
    if character != b"]" or body[position + 1 :].strip(_WHITE):
        raise UnreadableEvent("it is not a JSON array: something follows it; nothing was accepted")
    last = body[start:position].strip(_WHITE)
    if last or start > 1:
        yield last


def _announces_lines(content_type: str | None) -> bool:
    return content_type is not None and any(word in content_type.lower() for word in _LINES)


def _is_whole(line: bytes) -> bool:
    """Is the first line a JSON object by itself? Then the other lines are too; else one object is printed over many."""
    line = line.strip(_WHITE)
    if not (line.startswith(b"{") and line.endswith(b"}")) or len(line) > LARGEST_EVENT:
        return False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
