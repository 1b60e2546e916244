"""A share as it is logged, and the page it counts for. Pure."""

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from fetchers.errors import InvalidUrl
from fetchers.urls import registrable_domain, split
from schedulers.links import key_of
from schedulers.verdict import TAKEN_DOWN

PROCESSED = "spiderduck.url.processed"
NO_PAGE = frozenset({"invalid_url"})
LONGEST_EXAMPLE = 512
ADDRESSES = ("https://", "http://", "at://")

Kind = Literal["links", "domains"]


class Item(NamedTuple):
    """What may be trending: a page by its key, or a registrable domain."""

    kind: Kind
    name: str


class Share(NamedTuple):
    """One event and one URL in it.

    `id` is the notice's, 16 bytes: the same when the share is told again. `at` is in epoch seconds. `key` is the dedup
    key of the URL that was shared and `page` that of the page it leads to; `is_known` says that it was followed there,
    and is no guess. `url` is the page's for people. `sharer` is 16 bytes of a keyed hash; `event` is the event's id
    where that is an address, else empty. `is_named` says that `page` is the fetched page's word on its own address, and
    `told` when the notice was made. `moved_from` is the page that the URL led to before, where that was another.
    """

    id: bytes
    at: float
    key: str
    page: str
    is_known: bool
    url: str
    domain: str
    language: str
    sharer: bytes | None
    event: str
    is_named: bool = False
    told: float = 0.0
    moved_from: str = ""

    @property
    def who(self) -> bytes:
        """Who is counted: the sharer, or the share itself where nobody is named."""
        return self.sharer or self.id

    @property
    def items(self) -> tuple[Item, ...]:
        """What this share may make trending."""
        return (Item("links", self.page), *((Item("domains", self.domain),) if self.domain else ()))


class _Metadata(msgspec.Struct):
    language: str | None = None


class _Record(msgspec.Struct):
    """What of the record says which page it is."""

    url: str
    status: str
    reason_code: str | None = None
    dedup_key: str | None = None
    page_id: str | None = None
    destination: str | None = None
    resolved_url: str | None = None
    canonical_url: str | None = None
    metadata: _Metadata | None = None


class _Told(msgspec.Struct):
    id: str
    type: str
    time: str
    data: _Record
    event_id: str = ""
    sharer: str | None = None
    shared_at: str | None = None


class PageOf(NamedTuple):
    """The page that a URL's shares count for. `is_named`: by the word of another one."""

    key: str
    url: str
    is_known: bool
    is_named: bool = False


_told = msgspec.json.Decoder(_Told).decode


def page_of(url: str, key: str, resolved_url: str | None, canonical_url: str | None, *, is_known: bool) -> PageOf:
    """By the page's word on its own address, else by where the redirects ended, else the URL itself. `is_known`: a page
    was fetched at some time."""
    for found in (canonical_url, resolved_url):
        if found is not None and (other := key_of(found)) is not None:
            is_named = found == canonical_url and other != key_of(resolved_url or url)
            return PageOf(other, found, is_known or found == resolved_url, is_named)
    return PageOf(key, url, is_known)


def share_in(body: bytes) -> Share | None:
    """The share that a notice tells of; None where it tells of something else, or of nothing that can be counted."""
    try:
        told = _told(body)
        if told.type != PROCESSED or told.shared_at is None or told.data.status in NO_PAGE:
            return None
        if told.data.reason_code == TAKEN_DOWN:
            return None  # nothing of it is kept, and so no new share of it
        identity, at, now = bytes.fromhex(told.id), epoch(told.shared_at), epoch(told.time)
        sharer = None if told.sharer is None else bytes.fromhex(told.sharer)
    except (msgspec.DecodeError, ValueError):
        return None  # of a former version, or somebody else's
    record = told.data
    key = record.dedup_key or record.url
    page = page_of(record.url, key, record.resolved_url, record.canonical_url, is_known=record.page_id is not None)
    language = "" if record.metadata is None else record.metadata.language or ""
    return Share(
        id=identity,
        at=at,
        key=key,
        page=page.key,
        is_known=page.is_known,
        url=page.url,
        domain=domain_of(page.url),
        language=language,
        sharer=sharer,
        event=told.event_id if is_address(told.event_id) else "",
        is_named=page.is_named,
        told=now,
    )


def epoch(moment: str) -> float:
    """An RFC 3339 time as epoch seconds. Raises `msgspec.ValidationError`, a ValueError."""
    return msgspec.convert(moment, datetime).timestamp()


def domain_of(url: str) -> str:
    """The registrable domain; empty for what has none."""
    try:
        return registrable_domain(split(url).host)
    except InvalidUrl:
        return ""


def is_address(text: str) -> bool:
    """Whether an event's id leads to the event itself, for whoever follows links that strangers wrote."""
    return text.startswith(ADDRESSES) and len(text) <= LONGEST_EXAMPLE and text.isprintable()
