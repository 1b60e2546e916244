"""The rows that a notice makes. Pure.

Columns have Common Crawl's names where its index has them (commoncrawl.org/columnar-index), and ours beside. `row` is
made of what the row is about, so that whoever makes it again makes the same one.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from fetchers.errors import InvalidUrl
from fetchers.urls import registrable_domain
from schedulers.model import Page, UrlState
from schedulers.notice import REQUESTED, REUSED, Request, requests_of
from schedulers.verdict import TAKEN_DOWN
from spiderduck.analytics.noting import Noted
from spiderduck.analytics.surt import surt_key
from spiderduck.shares.model import PROCESSED, domain_of, epoch

Row = dict[str, Any]

_OF_URL = {
    "url_surtkey": "string",
    "url": "string",
    "url_host_name": "string",
    "url_host_tld": "string",
    "url_host_registered_domain": "string",
    "url_protocol": "string",
    "url_port": "int32",
    "url_path": "string",
    "url_query": "string",
}
FETCHES = {
    "row": "string",
    "kind": "string",
    **_OF_URL,
    "fetch_time": "time",
    "fetch_status": "int16",
    "fetch_redirect": "string",
    "content_digest": "string",
    "content_mime_type": "string",
    "content_mime_detected": "string",
    "content_charset": "string",
    "content_languages": "string",
    "content_length": "int64",
    "warc_filename": "string",
    "warc_record_offset": "int64",
    "warc_record_length": "int64",
    "id": "int64",
    "event_id": "string",
    "hop": "int16",
    "outcome": "string",
    "rule": "string",
    "waited_ms": "int32",
    "dns_ms": "int32",
    "connect_ms": "int32",
    "tls_ms": "int32",
    "first_byte_ms": "int32",
    "body_ms": "int32",
    "connection_reused": "bool",
    "verdict": "string",
}
"""One request to a site. `kind` is `page`, `picture`, `robots`, `direct` or `other`; `rule` is the line of robots.txt
that allowed it; `hop` counts from 0 along a chain of redirects; `outcome` is `answered`, or the ending where there was
no answer."""
SHARES = {
    "row": "string",
    **_OF_URL,
    "shared_at": "time",
    "handled_at": "time",
    "event_id": "string",
    "sharer": "string",
    "outcome": "string",
    "status": "string",
    "destination": "string",
    "destination_host_registered_domain": "string",
    "content_mime_detected": "string",
    "content_languages": "string",
    "picture_url": "string",
    "page_type": "string",
    "id": "int64",
    "verdict": "string",
}
"""One event and one URL in it. `sharer` is a keyed hash."""
MOST_MS = 2**31 - 1
"""What the column takes."""
TABLES = {"fetches": FETCHES, "shares": SHARES}


class Batch(NamedTuple):
    """What is written at once. `number` is the time in milliseconds, and grows with each; `first` is that of the first
    batch of which it is not known whether its notices were acknowledged."""

    number: int
    first: int


class _Picture(msgspec.Struct):
    url: str


class _Metadata(msgspec.Struct):
    language: str | None = None
    image: _Picture | None = None
    type: str | None = None


class _Content(msgspec.Struct):
    type: str | None = None


class _Verdict(msgspec.Struct):
    verdict: str | None = None


class _Record(msgspec.Struct):
    url: str
    status: str
    reason_code: str | None = None
    dedup_key: str | None = None
    page_id: str | None = None
    destination: str | None = None
    content: _Content | None = None
    metadata: _Metadata | None = None
    verdict: _Verdict | None = None


class Told(msgspec.Struct):
    """What of a notice the rows are made of. Those of former versions have no `requests`."""

    id: str
    type: str
    time: str
    data: _Record
    outcome: str = ""
    event_id: str | None = None
    sharer: str | None = None
    shared_at: str | None = None
    requests: tuple[Request, ...] | None = None
    noted: Noted | None = None

    @property
    def key(self) -> str:
        """The URL's dedup key."""
        return self.data.dedup_key or self.data.url

    @property
    def page_id(self) -> int | None:
        """The page that was there then."""
        return None if self.data.page_id is None else int(self.data.page_id)

    @property
    def is_processed(self) -> bool:
        """Whether it tells of a URL that came to its end."""
        return self.type == PROCESSED


_decode = msgspec.json.Decoder(Told).decode
WANTED = frozenset({PROCESSED, REQUESTED})


def told_in(body: bytes) -> Told | None:
    """None where rows cannot be made of it."""
    try:
        told = _decode(body)
        epoch(told.time)
    except (msgspec.DecodeError, ValueError):
        return None
    return told if told.type in WANTED and told.data.reason_code != TAKEN_DOWN else None


def share_row(told: Told) -> Row | None:
    """None where nobody shared anything."""
    if not told.is_processed or told.shared_at is None:
        return None
    record = told.data
    metadata = record.metadata or _Metadata()
    return {
        "row": told.id,
        **_of_url(record.url),
        "shared_at": epoch(told.shared_at),
        "handled_at": epoch(told.time),
        "event_id": told.event_id,
        "sharer": told.sharer,
        "outcome": told.outcome,
        "status": record.status,
        "destination": record.destination,
        "destination_host_registered_domain": domain_of(record.destination or "") or None,
        "content_mime_detected": None if record.content is None else record.content.type,
        "content_languages": metadata.language,
        "picture_url": None if metadata.image is None else metadata.image.url,
        "page_type": metadata.type,
        "id": told.page_id,
        "verdict": None if record.verdict is None else record.verdict.verdict,
    }


def fetch_rows(told: Told, state: UrlState | None, page: Page | None) -> Iterator[Row]:
    """The requests that are told of. `page` is the page that it tells of, and `state` what is known of
    the URL by now: read for notices of former versions alone."""
    if told.is_processed:
        yield from _page_rows(told, state, page)
    elif told.noted is not None:
        yield _noted_row(told, told.noted)


def _page_rows(told: Told, state: UrlState | None, page: Page | None) -> Iterator[Row]:
    now, requests = epoch(told.time), told.requests
    if requests is None:
        requests = () if state is None else tuple(requests_of(state, REUSED, now))
    for number, request in enumerate(requests):
        is_last = number == len(requests) - 1
        at = epoch(request.at)
        is_page = page is not None and is_last and request.url.partition("#")[0] == page.url.partition("#")[0]
        yield {
            **_row("page", told, request.url, at),
            **_request(request, number, None if is_last else requests[number + 1].url),
            **(_content(page) if page is not None and is_page else {}),
        }


def _noted_row(told: Told, noted: Noted) -> Row:
    request = noted.request
    return {
        **_row(noted.kind, told, request.url, epoch(request.at)),
        **_request(request, 0, noted.redirect),
        "content_mime_detected": noted.type,
        "content_length": noted.length,
    }


def _row(kind: str, told: Told, url: str, at: float) -> Row:
    """A request is known by its moment."""
    name = f"{kind}\n{url}\n{at:.3f}"
    verdict = told.data.verdict
    return {
        "row": hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        "kind": kind,
        **_of_url(url),
        "fetch_time": at,
        "id": told.page_id,
        "event_id": told.event_id,
        "verdict": None if verdict is None else verdict.verdict,
    }


def _request(request: Request, number: int, following: str | None) -> Row:
    answered = request.result.isdecimal()
    return {
        "fetch_status": int(request.result) if answered and len(request.result) < 5 else None,
        "fetch_redirect": following,
        "hop": number,
        "outcome": "answered" if answered else request.result,
        "rule": request.robots_rule,
        "waited_ms": min(request.waited_ms, MOST_MS),
        "dns_ms": min(request.dns_ms, MOST_MS),
        "connect_ms": min(request.connect_ms, MOST_MS),
        "tls_ms": min(request.tls_ms, MOST_MS),
        "first_byte_ms": min(request.first_byte_ms, MOST_MS),
        "body_ms": min(request.body_ms, MOST_MS),
        "connection_reused": request.connection_reused,
    }


def _content(page: Page) -> Row:
    place = page.archived
    return {
        "content_digest": f"sha256:{page.content.sha256}",
        "content_mime_type": page.content.type,
        "content_mime_detected": page.content.type,
        "content_charset": page.content.encoding,
        "content_languages": msgspec.json.decode(page.metadata, type=_Metadata).language,
        "content_length": page.content.length,
        "warc_filename": None if place is None else place.file,
        "warc_record_offset": None if place is None else place.offset,
        "warc_record_length": None if place is None else place.length,
    }


def _of_url(url: str) -> Row:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        domain = registrable_domain(host) if host else ""
    except (ValueError, InvalidUrl):
        return {"url_surtkey": url.lower(), "url": url}
    is_name = bool(host) and not host.rpartition(".")[2].isdecimal() and ":" not in host
    return {
        "url_surtkey": surt_key(url),
        "url": url,
        "url_host_name": host or None,
        "url_host_tld": host.rpartition(".")[2] if is_name else None,
        "url_host_registered_domain": domain or None,
        "url_protocol": parts.scheme or None,
        "url_port": port,
        "url_path": parts.path or None,
        "url_query": parts.query or None,
    }
