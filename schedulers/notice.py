"""Notices: what every subscriber is told. CloudEvents 1.0 in structured JSON, built here and nowhere else.

The id depends only on the event's identity and the URL, so a repeat after a crash carries the same one.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from fetchers.urls import split
from schedulers.errors import InvalidUrl
from schedulers.identity import is_share
from schedulers.model import Event, HopTrace, Known, Page, UrlState
from schedulers.record import Record, SharedRecord, Time, iso_time, record_fields
from schedulers.verdict import Verdict

SOURCE = "/spiderduck"
UPDATED = "spiderduck.url.updated"
JUDGED = "spiderduck.url.judged"
CHANGED = "spiderduck.url.changed"
REQUESTED = "spiderduck.url.requested"
"""One request that no other notice tells of, for the rows for analytics. No caller is handed these."""
REUSED = "reused"
RECENT_SECONDS = 600.0
"""A reused page's requests are told so long: of those that a chain led through before, nobody told elsewhere."""
TYPES = ("spiderduck.url.processed", UPDATED, JUDGED, CHANGED)


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


class _Envelope(msgspec.Struct, kw_only=True):
    """What every CloudEvent of ours has."""

    specversion: Literal["1.0"] = "1.0"
    source: str = SOURCE
    id: str
    subject: str
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"


class Request(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One request to a site: when it was answered or given up (`at`), with which status code or ending (`result`),
    under which line of robots.txt, and what the time went into. `connection_reused`: no connection had to be made."""

    url: str
    at: Time
    result: str
    robots_rule: str | None = None
    waited_ms: int = 0
    dns_ms: int = 0
    connect_ms: int = 0
    tls_ms: int = 0
    first_byte_ms: int = 0
    body_ms: int = 0
    connection_reused: bool = False


class ProcessedNotice(_Envelope, kw_only=True):
    """A share of a URL came to its end. `id` is the same when the notice is sent again; `event_id` is the event that
    shared it, at `shared_at` (nothing where a link was only looked at), and `sharer` the keyed hash of who did, where
    the event told; `outcome` is `fetched`, `reused` (known and fresh, so nothing was fetched) or another ending.
    `requests` are those that were made for it, in order, and of a reused one those of the last ten minutes: two notices
    may tell of the same request."""

    type: Literal["spiderduck.url.processed"] = "spiderduck.url.processed"
    outcome: str
    data: SharedRecord
    event_id: str
    sharer: str | msgspec.UnsetType = msgspec.UNSET
    shared_at: Time | msgspec.UnsetType = msgspec.UNSET
    requests: tuple[Request, ...] = ()


class UpdatedNotice(_Envelope, kw_only=True):
    """A page's record gained something after it was announced, for example the measures of its picture."""

    type: Literal["spiderduck.url.updated"] = "spiderduck.url.updated"
    outcome: Literal["updated"] = "updated"
    data: Record


class JudgedNotice(_Envelope, kw_only=True):
    """The verdict on a stored URL is another one than before, because a list changed, or an admin took it down.
    `previous` in the record's verdict says what it was."""

    type: Literal["spiderduck.url.judged"] = "spiderduck.url.judged"
    outcome: Literal["judged"] = "judged"
    data: Record


class Before(msgspec.Struct, frozen=True):
    """A value before and after."""

    before: str | None
    after: str | None


class WhatChanged(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The page's title, the digest of its title and text, or the page that the link leads to."""

    title: Before | None = None
    content_hash: Before | None = None
    destination: Before | None = None


class ChangedNotice(_Envelope, kw_only=True):
    """A page that was shared says something else than before, or a link that was shared leads elsewhere."""

    type: Literal["spiderduck.url.changed"] = "spiderduck.url.changed"
    outcome: Literal["changed"] = "changed"
    data: Record
    changes: WhatChanged


_encode = msgspec.json.Encoder().encode


def processed(event: Event, outcome: str, known: Known, verdict: Verdict | None, now: float) -> Notice:
    """One event's share of one URL has come to its end. `known` is what look-ups give from now on."""
    state, fields = _fields(known, verdict)
    record = SharedRecord(event_id=event.id, outcome=outcome, **fields)  # type: ignore[arg-type]
    return _notice(
        ProcessedNotice(
            id=notice_id(event.identity, state.key),
            subject=record.url,
            time=iso_time(now),
            outcome=outcome,
            data=record,
            event_id=event.id,
            sharer=event.sharer or msgspec.UNSET,
            shared_at=_shared_at(event, now),
            requests=tuple(requests_of(state, outcome, now)),
        )
    )


def requests_of(state: UrlState, outcome: str, now: float) -> Iterator[Request]:
    """All of those of a fetch that has just ended; else the recent ones of the last."""
    checked_at = state.checked_at or now
    recent = now - RECENT_SECONDS
    since = recent if outcome == REUSED or checked_at < recent else 0.0
    for hop in state.trace:
        at = hop.at or checked_at  # one without an answer
        if at >= since:
            yield request_of(hop, at)


def request_of(hop: HopTrace, at: float) -> Request:
    """What is told of a request that was answered, or given up, at that moment."""
    return Request(
        url=hop.url,
        at=iso_time(at),
        result=hop.result,
        robots_rule=hop.robots_rule,
        waited_ms=hop.waited_ms,
        dns_ms=hop.dns_ms,
        connect_ms=hop.connect_ms,
        tls_ms=hop.tls_ms,
        first_byte_ms=hop.first_byte_ms,
        body_ms=hop.body_ms,
        connection_reused=hop.reused,
    )


def picture_notice_id(page_id: int) -> str:
    """Of the notice which tells that a page's picture was measured."""
    return notice_id(f"{page_id}", UPDATED)


def _shared_at(event: Event, now: float) -> str | msgspec.UnsetType:
    """When the event says that it happened, but never in the future; nothing for what nobody shared."""
    if not is_share(event.identity):
        return msgspec.UNSET
    return iso_time(now if event.created_at is None else min(event.created_at.timestamp(), now))


def updated(known: Known, page: Page, verdict: Verdict | None, now: float, revision: str = "") -> Notice:
    """A page's record gained something after it was announced: its picture was measured, or (`revision` tells which
    time) it was read again by newer rules."""
    _, fields = _fields(replace(known, page=page), verdict)
    record = Record(**fields)  # type: ignore[arg-type]
    return _notice(
        UpdatedNotice(
            id=notice_id(f"{page.id}{revision}", UPDATED), subject=record.url, time=iso_time(now), data=record
        )
    )


def judged(known: Known, verdict: Verdict, now: float) -> Notice:
    """The verdict on a URL is another one than before. Whoever judges it from the same lists and the same state gives
    the notice the same id."""
    state, fields = _fields(known, verdict)
    record = Record(**fields)  # type: ignore[arg-type]
    before = None if verdict.previous is None else verdict.previous.as_of
    by = None if verdict.matched is None else (verdict.matched.list, verdict.matched.list_version)
    identity = notice_id(f"{JUDGED}\n{verdict.verdict}\n{by}\n{before}", state.key)
    return _notice(JudgedNotice(id=identity, subject=record.url, time=iso_time(now), data=record))


def changed(known: Known, changes: WhatChanged, verdict: Verdict | None, now: float) -> Notice:
    """A shared page is another than before. The same change has the same id."""
    state, fields = _fields(known, verdict)
    record = Record(**fields)  # type: ignore[arg-type]
    identity = notice_id(f"{CHANGED}\n{state.page_id}\n{msgspec.json.encode(changes).decode()}", state.key)
    return _notice(ChangedNotice(id=identity, subject=record.url, time=iso_time(now), data=record, changes=changes))


def _fields(known: Known, verdict: Verdict | None) -> tuple[UrlState, dict[str, object]]:
    """Raises ValueError for what is not known."""
    if known.state is None:
        raise ValueError("a notice is on a URL that is known")
    return known.state, {**record_fields(known.state, known.page), "verdict": verdict}


def notice_id(identity: str, key: str) -> str:
    """A hash of the event's identity and the URL's dedup key."""
    return hashlib.sha256(f"{identity}\n{key}".encode()).hexdigest()[:32]


def host_of(url: str) -> str:
    """The host, for filters and topics; empty for what is no URL."""
    try:
        return split(url).host
    except InvalidUrl:
        return ""


def _notice(told: ProcessedNotice | UpdatedNotice | JudgedNotice | ChangedNotice) -> Notice:
    url = told.subject
    return Notice(told.id, told.type, url, host_of(url), told.outcome, told.data.status.value, _encode(told))
