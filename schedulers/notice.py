"""Notices: what every subscriber is told. CloudEvents 1.0 in structured JSON, built here and nowhere else.

The id depends only on the event and the URL, so a repeat after a crash carries the same one.
"""

import hashlib
from dataclasses import dataclass

import msgspec

from fetchers.urls import split
from schedulers.errors import InvalidUrl
from schedulers.model import Page, UrlState
from schedulers.record import Record, SharedRecord, iso_time, record_fields

SOURCE = "/spiderduck"
PROCESSED = "spiderduck.url.processed"
UPDATED = "spiderduck.url.updated"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, ready to send. The small fields are what subscribers filter by; `body` is the JSON."""

    id: str
    type: str
    url: str
    host: str
    outcome: str
    status: str
    body: bytes


_encode = msgspec.json.Encoder().encode


def processed(event_id: str, outcome: str, state: UrlState, page: Page | None, now: float) -> Notice:
    """One event's share of one URL has come to its end."""
    record = SharedRecord(event_id=event_id, outcome=outcome, **record_fields(state, page))  # type: ignore[arg-type]
    return _notice(PROCESSED, notice_id(event_id, state.key), outcome, record, now, event_id)


def updated(state: UrlState, page: Page, now: float) -> Notice:
    """A page's record gained something after it was announced (its picture was measured)."""
    record = Record(**record_fields(state, page))  # type: ignore[arg-type]
    return _notice(UPDATED, notice_id(str(page.id), UPDATED), "updated", record, now, None)


def notice_id(event_id: str, key: str) -> str:
    """A hash of the event's id and the URL's dedup key."""
    return hashlib.sha256(f"{event_id}\n{key}".encode()).hexdigest()[:32]


def host_of(url: str) -> str:
    """The host, for filters and topics; empty for what is no URL."""
    try:
        return split(url).host
    except InvalidUrl:
        return ""


def _notice(kind: str, identity: str, outcome: str, record: Record, now: float, event_id: str | None) -> Notice:
    envelope = {
        "specversion": "1.0",
        "type": kind,
        "source": SOURCE,
        "id": identity,
        "subject": record.url,
        "time": iso_time(now),
        "datacontenttype": "application/json",
        "outcome": outcome,
        "data": record,
    }
    if event_id is not None:
        envelope["event_id"] = event_id
    return Notice(identity, kind, record.url, host_of(record.url), outcome, record.status, _encode(envelope))
