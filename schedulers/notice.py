"""Notices: what every subscriber is told. CloudEvents 1.0 in structured JSON, built here and nowhere else.

The id depends only on the event's identity and the URL, so a repeat after a crash carries the same one.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

import msgspec

from fetchers.urls import split
from schedulers.errors import InvalidUrl
from schedulers.model import Event, Page, UrlState
from schedulers.record import Record, SharedRecord, Time, iso_time, record_fields

SOURCE = "/spiderduck"
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


class ProcessedNotice(msgspec.Struct, kw_only=True):
    """A share of a URL came to its end. `id` is the same when the notice is sent again; `event_id` is the event that
    shared it; `outcome` is `fetched`, `reused` (known and fresh, so nothing was fetched) or another ending."""

    specversion: Literal["1.0"] = "1.0"
    type: Literal["spiderduck.url.processed"] = "spiderduck.url.processed"
    source: str = SOURCE
    id: str
    subject: str
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"
    outcome: str
    data: SharedRecord
    event_id: str


class UpdatedNotice(msgspec.Struct, kw_only=True):
    """A page's record gained something after it was announced, for example the measures of its picture."""

    specversion: Literal["1.0"] = "1.0"
    type: Literal["spiderduck.url.updated"] = "spiderduck.url.updated"
    source: str = SOURCE
    id: str
    subject: str
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"
    outcome: Literal["updated"] = "updated"
    data: Record


_encode = msgspec.json.Encoder().encode


def processed(event: Event, outcome: str, state: UrlState, page: Page | None, now: float) -> Notice:
    """One event's share of one URL has come to its end."""
    record = SharedRecord(event_id=event.id, outcome=outcome, **record_fields(state, page))  # type: ignore[arg-type]
    return _notice(
        ProcessedNotice(
            id=notice_id(event.identity, state.key),
            subject=record.url,
            time=iso_time(now),
            outcome=outcome,
            data=record,
            event_id=event.id,
        )
    )


def updated(state: UrlState, page: Page, now: float) -> Notice:
    """A page's record gained something after it was announced (its picture was measured)."""
    record = Record(**record_fields(state, page))  # type: ignore[arg-type]
    return _notice(
        UpdatedNotice(id=notice_id(str(page.id), UPDATED), subject=record.url, time=iso_time(now), data=record)
    )


def notice_id(identity: str, key: str) -> str:
    """A hash of the event's identity and the URL's dedup key."""
    return hashlib.sha256(f"{identity}\n{key}".encode()).hexdigest()[:32]


def host_of(url: str) -> str:
    """The host, for filters and topics; empty for what is no URL."""
    try:
        return split(url).host
    except InvalidUrl:
        return ""


def _notice(told: ProcessedNotice | UpdatedNotice) -> Notice:
    url = told.subject
    return Notice(told.id, told.type, url, host_of(url), told.outcome, told.data.status.value, _encode(told))
