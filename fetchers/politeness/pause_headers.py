"""How long a server asks to be left alone: `Retry-After` (RFC 9110, section 10.2.3) and rate limit headers. Pure.

Three generations of the latter are in use: `RateLimit: "default";r=0;t=30` (IETF
draft-ietf-httpapi-ratelimit-headers, from version 8), `RateLimit-Remaining` with `RateLimit-Reset` in seconds (its
versions 0 to 6), and the `X-RateLimit-` ones before them, whose reset is seconds or a moment in epoch seconds. Only an
exhausted limit says something; a figure that cannot be read says nothing.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_DATE = 64
"""Characters; the forms of RFC 9110 have at most 33."""
EPOCH_FROM = 1_000_000_000.0
"""A reset above that is a moment (September 2001 and later), below it a number of seconds (32 years)."""
_PARAMETER = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d{1,15})(?![\d.])")
SHORT = {"remaining": "r", "reset": "t"}
_NUMBER = re.compile(r"\s*(\d{1,15})(?:\.\d+)?\s*(?:[,;].*)?", re.DOTALL)


def pause_asked(headers: Iterable[tuple[str, str]], now: float) -> float:
    """Seconds until the exhausted limit begins anew; 0 where there is none. Names of `headers` are in lower case."""
    found = {name: value for name, value in headers if "rate" in name}
    if not found:
        return 0.0
    if "ratelimit" in found:
        return max(_pauses_of(found["ratelimit"]), default=0.0)
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-"):
        remaining = _number(found.get(prefix + "remaining"))
        reset = _number(found.get(prefix + "reset"))
        if remaining is not None and reset is not None:
            return _seconds(reset, now) if remaining == 0 else 0.0
    return 0.0


def _pauses_of(value: str) -> Iterator[float]:
    """Of each policy in `value`; version 7 of the draft had one, with its parameters written out and set off by
    commas.
    """
    for item in [value] if "remaining" in value else value.split(","):
        figures = {SHORT.get(name, name): int(number) for name, number in _PARAMETER.findall(item)}
        if figures.get("r") == 0:
            yield float(figures.get("t", 0))


def _number(value: str | None) -> float | None:
    match = None if value is None else _NUMBER.fullmatch(value)
    return float(match[1]) if match else None


def _seconds(reset: float, now: float) -> float:
    if reset >= EPOCH_FROM * 1_000:  # some count in milliseconds
        reset /= 1_000
    return max(reset - now, 0.0) if reset >= EPOCH_FROM else reset


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds from `now` (epoch seconds); None where the header is absent or says nothing that can be understood."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    if len(text) > LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # an HTTP date is UTC in all three forms (RFC 9110, section 5.6.7)
        moment = moment.replace(tzinfo=UTC)
    try:
        return max(0.0, moment.timestamp() - now)
    except OverflowError:
        return None
