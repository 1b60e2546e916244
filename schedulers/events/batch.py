"""Many events in one body: one object, a JSON array, or NDJSON. For HTTP and files.

Its one rule: all or nothing. One unreadable item, and the whole body is refused with the item's place in the message.
"""

from collections.abc import Iterable

import msgspec

from schedulers.errors import UnreadableEvent
from schedulers.events.reading import read_event
from schedulers.model import Event

_LINES = ("ndjson", "jsonl", "json-lines", "jsonlines", "json-seq")
"""Parts of the media types that announce one JSON text per line (application/x-ndjson, application/jsonl …)."""

_WHITE = b" \t\r\n\x1e"
"""White space of JSON, and the record separator that starts each text of a JSON text sequence (RFC 7464)."""


def read_events(body: bytes, content_type: str | None = None) -> list[tuple[Event, bytes]]:
    """Every event with its own raw bytes, in order; none for an empty body. Raises `UnreadableEvent`."""
    body = body.removeprefix(b"\xef\xbb\xbf").strip(_WHITE)
    if not body:
        return []
    if _announces_lines(content_type):
        return _read_lines(body)
    if body.startswith(b"["):
        return _read_items("item", 0, _items(body))
    if b"\n" in body and _is_whole(body.partition(b"\n")[0]):
        return _read_lines(body)
    return [(read_event(body), body)]


def _read_lines(body: bytes) -> list[tuple[Event, bytes]]:
    """White space around a line does not count, an empty line is none."""
    return _read_items("line", 1, (line.strip(_WHITE) for line in body.split(b"\n")))


def _read_items(word: str, first: int, items: Iterable[bytes]) -> list[tuple[Event, bytes]]:
    found = []
    for number, item in enumerate(items, first):
        if not item:
            continue
        try:
            found.append((read_event(item), item))
        except UnreadableEvent as error:
            counted = " (counted from 0)" if first == 0 else ""
            raise UnreadableEvent(f"{word} {number}{counted}: {error}; nothing was accepted") from error
    return found


def _items(body: bytes) -> list[bytes]:
    try:
        return [bytes(item) for item in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableEvent(f"it is no JSON array: {error}; nothing was accepted") from error
    except RecursionError as error:
        raise UnreadableEvent("its JSON is nested too deeply; nothing was accepted") from error


def _announces_lines(content_type: str | None) -> bool:
    return content_type is not None and any(word in content_type.lower() for word in _LINES)


def _is_whole(line: bytes) -> bool:
    """Is the first line a JSON object by itself? Then the other lines are too; else one object is printed over many."""
    line = line.strip(_WHITE)
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
