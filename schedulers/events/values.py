"""The JSON of events: decoded strictly, with the one repair that real senders need. Its fields are read loosely: a
value of the expected type, or nothing. All shapes are read with these."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from schedulers.errors import InvalidUrl, UnreadableEvent
from schedulers.urls import parse_url

JsonObject = dict[str, Any]

_BOM = b"\xef\xbb\xbf"
_ESCAPES = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
"""Every escape of a JSON text: pairs of surrogates (1), lone ones (2), and all others."""
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LARGEST_ID = 10**100
"""A number of thousands of digits is no id, and Python refuses to write it in digits."""
_NEWEST_IN_SECONDS = 100_000_000_000
"""Epoch times above are in milliseconds or microseconds: in seconds it is the year 5138."""


def decode(body: bytes) -> object:
    """The value in `body`. Raises `UnreadableEvent` for what is no JSON."""
    body = body.removeprefix(_BOM)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        repaired = _without_lone_surrogates(body)
        if repaired != body:
            return decode(repaired)
        raise UnreadableEvent(f"it is not JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableEvent("its JSON is nested too deeply") from error


def object_in(value: JsonObject, name: str) -> JsonObject:
    """The object under `name`; an empty one where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def objects_in(value: JsonObject, name: str) -> list[JsonObject]:
    """The objects of the list under `name`; none where there is no list."""
    found = value.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text_in(value: JsonObject, name: str) -> str:
    """The text under `name`, without space around it; "" where there is none."""
    found = value.get(name)
    return found.strip() if isinstance(found, str) else ""


def id_in(value: JsonObject, *names: str) -> str:
    """The first id under one of `names`; whole numbers count. "" where there is none."""
    for name in names:
        found: Any = value.get(name)
        if isinstance(found, int) and not isinstance(found, bool) and abs(found) < _LARGEST_ID:
            return str(found)
        if isinstance(found, str) and (stripped := found.strip()):
            return stripped
    return ""


def different(urls: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order of its first place; blank ones hold nothing that could be lost."""
    return tuple(dict.fromkeys(stripped for url in urls if (stripped := url.strip())))


def is_web_url(text: str) -> bool:
    """Would a fetcher take it: http or https, and valid?"""
    if not text[:8].lower().startswith(("http://", "https://")):
        return False
    try:
        parse_url(text)
    except InvalidUrl:
        return False
    return True


def moment(value: object) -> datetime | None:
    """A time as senders write it: ISO 8601, epoch seconds (milli-, microseconds), Twitter's form. Without an offset it
    is UTC. None for what is no time."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _from_words(text)
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def _from_epoch(value: float) -> datetime | None:
    try:
        while _NEWEST_IN_SECONDS <= abs(value) < math.inf:
            value = value / 1000
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _from_words(text: str) -> datetime | None:
    """`Fri Jan 08 00:38:31 +0000 2016`, as version 1.1 of Twitter's API writes it; or digits."""
    parts = text.split()
    if len(parts) != 6 or parts[1] not in _MONTHS:
        return _from_epoch(int(text)) if text.isascii() and text.isdecimal() and len(text) < 20 else None
    _, month, day, clock, offset, year = parts
    try:
        return datetime.fromisoformat(f"{year}-{_MONTHS.index(month):02}-{day:0>2}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _without_lone_surrogates(body: bytes) -> bytes:
    """Texts that were cut in the middle of an emoji carry half of its escape; it becomes U+FFFD."""
    return _ESCAPES.sub(lambda escape: b"\\ufffd" if escape[2] else escape[0], body)


def unescaped(text: str) -> str:
    """What Slack and its like escape in texts and addresses (docs.slack.dev, formatting messages): three characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text
