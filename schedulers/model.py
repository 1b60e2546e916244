"""What is queued and what is stored: events, messages, pages and the states of URLs. Each value is frozen.

Times are epoch seconds (UTC). What is known of a URL on its way is in `context.py`; JSON shapes that leave the product
are in `record.py` and `notice.py`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from schedulers.verdict import Judged


class Status(StrEnum):
    """What is known of a URL: on its way, or one of the endings. Stored, announced and given by every look-up."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    DEFERRED = "deferred"
    FETCHED = "fetched"
    ROBOTS_DENIED = "robots_denied"
    BLOCKED_ADDRESS = "blocked_address"
    HTTP_ERROR = "http_error"
    DNS_ERROR = "dns_error"
    TLS_ERROR = "tls_error"
    CONNECT_ERROR = "connect_error"
    TIMED_OUT = "timed_out"
    TOO_LARGE = "too_large"
    UNSUPPORTED_TYPE = "unsupported_type"
    REDIRECT_LOOP = "redirect_loop"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    INTERSTITIAL = "interstitial"
    INVALID_URL = "invalid_url"
    LATE = "late"
    PROTOCOL_ERROR = "protocol_error"
    BLOCKED_DOMAIN = "blocked_domain"
    UNSUPPORTED_SCHEME = "unsupported_scheme"
    NOT_FETCHED = "not_fetched"
    FAILED = "failed"


REUSED = "reused"
"""The outcome of a notice where nothing was fetched, because the URL was known and fresh."""


RATE_LIMIT = "rate-limit"
"""What blocked a URL whose server answered 429."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was shared, read from any of the known shapes (`schedulers.events`).

    `id` is the sender's, or a new one where it gave none; `identity` tells the event from those of other kinds
    (`schedulers.identity`). `urls` are the links as the sender marked them
    (entities, facets, link lists), in order. `refresh` forces a fetch. `sharer` is the keyed hash of who shared it,
    where the sender told it (`schedulers.events.sharers`). `text` is that of a plain event, in which links were looked
    for.
    """

    id: str
    urls: tuple[str, ...] = ()
    created_at: datetime | None = None
    refresh: bool = False
    identity: str = ""
    sharer: str | None = None
    text: str = ""


MessageKind = Literal["event", "picture", "further"]


@dataclass(frozen=True, slots=True)
class Message:
    """What lies in the events queue: an event as it came, one deferred URL of it, a picture that is to be measured, or
    `further` pictures to be kept.

    `event_id` is the event's identity. `url` limits the handling to that one URL; `deferrals` counts how often its turn
    was put off because its server asked for a pause.
    """

    body: bytes
    event_id: str
    kind: MessageKind = "event"
    url: str | None = None
    deferrals: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message handed out by the queue; `tag` is the queue's own handle. `errors`: how often its handling raised.
    `queued_at`: when it was put there (epoch seconds); 0 where that is not known."""

    message: Message
    tag: int
    errors: int = 0
    deliveries: int = 1
    queued_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ArchiveLocation:
    """Where the bytes of a page lie: file name, the offset and length in it of the response's record, and their
    SHA-256."""

    file: str
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Content:
    """What the body was."""

    type: str
    length: int
    sha256: str
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One fetched version of a page. `metadata`, `provenance` and `usage` are JSON that look-ups pass through unread.

    `version` numbers the shape of the first two, so that a reader of old rows knows what it has.
    """

    id: int
    key: str
    url: str
    fetched_at: float
    status_code: int
    content: Content
    metadata: bytes
    provenance: bytes
    canonical_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    archived: ArchiveLocation | None = None
    version: int = 1
    usage: bytes | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """One step of a chain: `url` answered with a redirect to the next one."""

    url: str
    key: str
    status_code: int
    by: str = "location"


class HopTrace(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """How one request of the latest fetch went: when it was answered (epoch seconds), with what, and how long each part
    took in milliseconds. `result` is a status code or an ending."""

    url: str
    at: float
    result: str
    waited_ms: int = 0
    dns_ms: int = 0
    connect_ms: int = 0
    tls_ms: int = 0
    first_byte_ms: int = 0
    body_ms: int = 0
    reused: bool = False
    robots_rule: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class LastError:
    """How the latest re-fetch of a page ended that kept its older, good metadata."""

    status: Status
    reason: str
    at: float
    code: str | None = None


@dataclass(frozen=True, slots=True)
class UrlState:
    """What is stored of one URL. `page_id` leads to its newest good page, at the end of `redirects`. `blocked_by` is
    the wall that stood before it at the last try, `gone_since` when its page was found gone. `trace` is the way of the
    latest fetch, `judged` the last verdict on it. `changed_at`: when it was found last to show something else, or to
    lead to another domain, than before. `domain_since`: when the youngest domain of its chain was first seen here.
    `marked_at` is the store's: when it was told last that the URL is on its way."""

    key: str
    url: str
    status: Status
    reason: str | None = None
    reason_code: str | None = None
    page_id: int | None = None
    resolved_url: str | None = None
    status_code: int | None = None
    redirects: tuple[Redirect, ...] = ()
    checked_at: float | None = None
    fresh_until: float | None = None
    until: float | None = None
    last_error: LastError | None = None
    blocked_by: str | None = None
    gone_since: float | None = None
    trace: tuple[HopTrace, ...] = ()
    judged: Judged | None = None
    changed_at: float | None = None
    domain_since: float | None = None
    marked_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What one handling changes in the store: the states of the URLs of its chain, and the new page, if there is
    one."""

    states: tuple[UrlState, ...] = ()
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows when a URL is met: its state, its page (for conditional requests), and whether this very
    event's share of it was finished before (`seen`)."""

    seen: bool = False
    state: UrlState | None = None
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """How a URL ends without a page: the status to store and announce, a sentence for a person, and a stable word for
    why (`code`) where the status alone does not say it. `blocked_by` names the wall that was shown instead."""

    status: Status
    reason: str
    code: str | None = None
    blocked_by: str | None = None
