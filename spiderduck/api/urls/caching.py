"""For how long a client may keep an answer: never longer than a minute, so that a block or a takedown shows.

An answer that may be kept gets an `ETag` (`groundwork.front.manners`); what changes with the clock alone, an age for
instance, must not stand in one.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from schedulers.card import Card
from schedulers.model import Status
from schedulers.record import Record

MOST_SECONDS: Final = 60
LONG: Final[Mapping[str, str]] = {"Cache-Control": f"private, max-age={MOST_SECONDS}"}
NOT_AT_ALL: Final[Mapping[str, str]] = {"Cache-Control": "no-store"}
RETRY_SECONDS: Final = 2
"""How soon to ask again for a URL that is on its way."""


def caching(record: Record, now: float) -> dict[str, str]:
    """The headers of an answer about one URL. `now`: epoch seconds."""
    if record.status in (Status.UNKNOWN, Status.PENDING):
        return dict(NOT_AT_ALL)
    changes_at = record.until or record.fresh_until
    left = MOST_SECONDS if changes_at is None else int(datetime.fromisoformat(changes_at).timestamp() - now)
    return {"Cache-Control": f"private, max-age={max(0, min(MOST_SECONDS, left))}"}


def tag_of(told: Record | Card) -> dict[str, str]:
    """The header `ETag` of an answer. What changes with the clock alone does not count: when a verdict was made,
    how old the lists are, and how many shares were lately. None for what may not be kept."""
    if told.status in (Status.UNKNOWN, Status.PENDING):
        return {}
    verdict = told.verdict
    if verdict is not None:
        told = msgspec.structs.replace(told, verdict=msgspec.structs.replace(verdict, as_of="", lists=()))
    if told.shares is not None:
        told = msgspec.structs.replace(told, shares=msgspec.structs.replace(told.shares, last_hour=0, last_day=0))
    digest = hashlib.blake2b(msgspec.json.encode(told), digest_size=12).hexdigest()
    return {"ETag": f'W/"{digest}"'}


def asking_again(record: Record, now: float) -> dict[str, str]:
    """As `caching`, with `Retry-After` where there will be more to say: not for what nobody is at work on."""
    headers = caching(record, now)
    if record.status is Status.PENDING:
        headers["Retry-After"] = str(RETRY_SECONDS)
    elif record.until is not None:
        headers["Retry-After"] = str(max(1, round(datetime.fromisoformat(record.until).timestamp() - now)))
    return headers
