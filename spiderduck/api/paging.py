"""Long listings in pieces: at most `most` entries an answer, and `next_cursor` for those behind them.

A cursor names the last entry that was given, not a count, so what is added or taken away meanwhile moves nothing. It
is opaque: only the listing that gave it takes it.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from litestar.params import Parameter

from spiderduck.api.parameters import A_CURSOR, BadParameter, shortened

MOST: Final = 1000
"""Entries of one answer."""
LONGEST_CURSOR: Final = 8_192
"""Characters. Not in the document, for the head of a request ends about there as well."""
_DIGEST_BYTES = 6

Most = Annotated[int, Parameter(ge=1, le=MOST, description="How many entries at most.")]
Cursor = Annotated[
    str | None,
    Parameter(description="`next_cursor` of the answer before: what comes behind it.", schema_extra=A_CURSOR),
]
Place = TypeVar("Place", int, str)
T = TypeVar("T")


def cursor_at(listing: str, place: int | str) -> str:
    """The cursor of `listing` behind the entry at `place`."""
    payload = msgspec.json.encode(place)
    return urlsafe_b64encode(_digest(listing, payload) + payload).rstrip(b"=").decode()


def place_of(cursor: str | None, listing: str, kind: type[Place]) -> Place | None:
    """The place that a cursor of `listing` names; None without one. Raises `BadParameter` for what is none of it."""
    if cursor is None:
        return None
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise Error("it is longer than any that was given")
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        payload = raw[_DIGEST_BYTES:]
        if (
            raw[:_DIGEST_BYTES] == _digest(listing, payload)
            and cursor_at(listing, place := _read(payload, kind)) == cursor
        ):
            return place
    except (UnicodeEncodeError, Error, msgspec.DecodeError):
        pass  # refused below, as everything that we did not give
    raise BadParameter(
        f"cursor is {shortened(cursor)}; it takes the `next_cursor` of an earlier answer of this listing"
    )


def piece(
    found: Sequence[T], most: int, listing: str, place: Callable[[T], int | str]
) -> tuple[Sequence[T], str | None]:
    """The first `most` of `found`, and the cursor behind them where there is one more in it."""
    shown = found[:most]
    return shown, cursor_at(listing, place(shown[-1])) if len(found) > most else None


def _read(payload: bytes, kind: type[Place]) -> Place:
    return msgspec.json.decode(payload, type=kind)


def _digest(listing: str, payload: bytes) -> bytes:
    return hashlib.blake2b(listing.encode() + b"\0" + payload, digest_size=_DIGEST_BYTES).digest()
