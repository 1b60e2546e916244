"""A robots.txt as it lies in a cache that others read too: the rules, and when they were fetched. Pure.

Whatever lies there, reading it gives a copy or None. A cache can be filled by strangers or half-written.
"""

import msgspec

from fetchers.robots_txt import RobotsTxt

FORM = 1
"""Raised when the form changes, so that an older fetcher passes a newer one's entries over, and the other way round."""


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """`fetched_at` and `fresh_until` in epoch seconds; `rules` as `RobotsTxt.to_bytes` gives them."""

    form: int
    fetched_at: float
    fresh_until: float
    rules: bytes


_decode = msgspec.msgpack.Decoder(Kept).decode
_encode = msgspec.msgpack.Encoder().encode


def to_bytes(rules: RobotsTxt, fetched_at: float, fresh_until: float) -> bytes:
    return _encode(Kept(FORM, fetched_at, fresh_until, rules.to_bytes()))


def from_bytes(data: bytes) -> tuple[RobotsTxt, Kept] | None:
    """None for whatever is no such copy."""
    try:
        kept = _decode(data)
        if kept.form != FORM or not kept.fetched_at <= kept.fresh_until:
            return None
        return RobotsTxt.from_bytes(kept.rules), kept
    except (ValueError, RecursionError):
        return None
