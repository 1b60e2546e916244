"""The values that a fetch is made of: what is asked, what comes back, and the names of all endings.

Written by the fetcher and its client library, read by whoever asks. All frozen; times are epoch seconds (UTC) unless a
name says otherwise. What a hop is made of are structs, which go over the wire (`wire.py`) as they are declared here;
they also take 0.2 µs to make instead of a frozen dataclass's 1.6.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

import msgspec
from msgspec import structs

from fetchers.media_type import said_type, sniffed_type

Headers = tuple[tuple[str, str], ...]

CutBy = Literal["length", "disconnect", "time", "unspecified"]
"""Why a body ends early, in the words of `WARC-Truncated`: we took no more; its connection or encoding ended; nothing
came any more; its encoding is broken inside."""


class Ending(StrEnum):
    """How a fetch ends when it ends without a usable answer. Expected, stored, announced; never an error."""

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
    INVALID_URL = "invalid_url"
    LATE = "late"
    PROTOCOL_ERROR = "protocol_error"
    UNSUPPORTED_SCHEME = "unsupported_scheme"
    BLOCKED_DOMAIN = "blocked_domain"
    NOT_FETCHED = "not_fetched"


PAGE_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


class Post(msgspec.Struct, frozen=True, array_like=True):
    """What a POST sends: `body`, and the headers that belong to it (Latin-1)."""

    body: bytes
    headers: Headers


class HopRequest(msgspec.Struct, frozen=True, array_like=True):
    """One request to one URL: exactly one hop, no redirect is followed.

    `url` is a WHATWG serialisation (`fetchers.urls.parse`). `start_by` is the latest moment at which the caller wants
    the request to start; `deadline` the moment at which the whole hop must be over. Within a domain's queue the lowest
    `priority` (from 0 up) goes first, and of equal ones the earliest deadline. `promised` says that the caller was told
    to come back now (`NotNow`), and goes before whoever came later. `streamed` wants the body while it comes; otherwise
    it is put together first, within the fetcher's budget of bodies. Two requests that agree in everything but times,
    priority and promise are one fetch (`coalescing_key`). With `post`, and the purpose `webhook`, it is a POST to a
    receiver that an administrator named: never shared, and asked of neither robots.txt nor the domain's queue.
    """

    url: str
    start_by: float
    deadline: float
    accept: str = PAGE_ACCEPT
    etag: str | None = None
    last_modified: str | None = None
    byte_range: str | None = None
    if_range: str | None = None
    max_bytes: int | None = None
    purpose: Literal["page", "robots", "picture", "direct", "webhook"] = "page"
    priority: int = 0
    promised: bool = False
    streamed: bool = False
    post: Post | None = None

    @property
    def coalescing_key(self) -> tuple[object, ...]:
        return (
            self.url,
            self.accept,
            self.etag,
            self.last_modified,
            self.byte_range,
            self.if_range,
            self.max_bytes,
            self.purpose,
            self.streamed,
        )


class Hold(Protocol):
    """The room that a body takes of a fetcher's budget (`fetchers.body.budget`)."""

    def share(self) -> None: ...

    def release(self) -> None: ...


class Timings(msgspec.Struct, frozen=True, array_like=True):
    """Seconds that a request took: `waited` for its domain's turn, then name, connection and TLS (all 0 where the
    connection was there, `reused`), then until the head of the answer. The rest of `Response.elapsed` is the body."""

    waited: float = 0.0
    dns: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    first_byte: float = 0.0
    reused: bool = False


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A request that a fetcher made by itself, for robots.txt: when it was answered or given up, with which status code
    or ending (`result`), and how many bytes came."""

    url: str
    at: float
    result: str
    elapsed: float = 0.0
    timings: Timings | None = None
    length: int = 0


class Response(msgspec.Struct, frozen=True, array_like=True, tag="answered"):
    """An HTTP answer as it came, its body decoded (gzip, deflate, br, zstd) and within the limits.

    `truncated` says that the body ends early: only the first bytes of this type are used, or it broke off; `cut_by`
    says which.
    `robots_rule` is the line of robots.txt that let the page be fetched, None where none speaks of it. `tls_version`
    and `certificate_subject` are those of the connection, None over plain HTTP. `preferences` are what robots.txt says
    of the use of the page. `beside` are requests for robots.txt that nobody was told of before, of any site. Whoever
    has one says `release` when the body is not needed any more, which makes room for others.
    """

    url: str
    status_code: int
    headers: Headers
    body: bytes
    fetched_at: float
    request_headers: Headers = ()
    http_version: str = "HTTP/1.1"
    reason_phrase: str = ""
    address: str | None = None
    elapsed: float = 0.0
    truncated: bool = False
    retry_at: float | None = None
    robots_rule: str | None = None
    tls_version: str | None = None
    certificate_subject: str | None = None
    hold: Hold | None = None
    preferences: tuple[str, ...] = ()
    cut_by: CutBy | None = None
    timings: Timings | None = None
    beside: tuple[Asked, ...] = ()

    def shared(self) -> "Response":
        """This answer for one more user, who will release it."""
        if self.hold is not None:
            self.hold.share()
        return self

    def release(self) -> None:
        """The body is not needed any more. To be said once by each user; where it is forgotten, garbage collection
        does it."""
        if self.hold is not None:
            self.hold.release()

    def with_retry_at(self, moment: float) -> "Response":
        """This answer of a server in trouble, with the moment from which its domain may be asked again."""
        return structs.replace(self, retry_at=moment)

    @property
    def content_type(self) -> str:
        """The media type, with its parameters: what the headers say, else what the body's first bytes are."""
        return said_type(self.headers) or sniffed_type(self.body)

    def header(self, name: str) -> str | None:
        """The first header of that (lower-case) name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Ended(msgspec.Struct, frozen=True, array_like=True, tag="ended"):
    """A hop that ended without a usable answer; `reason` is a sentence for a person, `code` a stable word for why where
    the ending alone does not say it. `response` where there was one.

    `unreached`: no connection came about, so that the domain is left alone for a while. Only its own fetcher is told.
    `beside` as in a `Response`.
    """

    ending: Ending
    reason: str
    response: Response | None = None
    unreached: bool = False
    code: str | None = None
    beside: tuple[Asked, ...] = ()


class NotNow(msgspec.Struct, frozen=True, array_like=True, tag="not_now"):
    """The turn of this request lies behind its `start_by`: come back at `until`, saying that it was `promised`. Nothing
    was sent."""

    until: float
    reason: str


class NotMine(msgspec.Struct, frozen=True, array_like=True, tag="not_mine"):
    """The domain's queue lives on another fetcher: ask `owner` (its address), or again shortly where that is None.

    Nothing was sent. Only a fetcher answers so; the client library takes the request to the owner.
    """

    owner: str | None
    reason: str


HopResult = Response | Ended | NotNow


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed: the URL that answered with it, how (`by`) and when."""

    url: str
    status_code: int
    by: Literal["location", "refresh", "meta_refresh"] = "location"
    address: str | None = None
    fetched_at: float | None = None
    elapsed: float = 0.0
    timings: Timings | None = None
    robots_rule: str | None = None


@dataclass(frozen=True, slots=True)
class FetchResult:
    """A whole fetch: the redirects followed, and how it ended at `url`.

    Exactly one of four things is true: `outcome` is a `Response`; or an `Ended`; or a `NotNow`; or it is None, and the
    caller said that it knows `url` already, so that nothing more was fetched.
    """

    url: str
    hops: tuple[Hop, ...]
    outcome: Response | Ended | NotNow | None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`per_second` requests on average, at most `burst` at once, and `parallel` under way at the same time.

    `ceiling`: as long as the domain answers well, its rate may rise to so many a second. Without one it never rises.
    """

    per_second: float = 1.0
    burst: int = 4
    parallel: int | None = None
    ceiling: float | None = None

    @property
    def interval(self) -> float:
        return 1.0 / self.per_second

    @property
    def most_pace(self) -> float:
        """How much of `per_second` the domain may get at most."""
        return 1.0 if self.ceiling is None else max(self.ceiling / self.per_second, 1.0)

    @property
    def most_parallel(self) -> int:
        return self.parallel if self.parallel is not None else max(4, self.burst)


class KeptPoliteness(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a domain for its next queue, here or on another fetcher (`HostStateStore`): moments in epoch
    seconds, and what was learnt of it. `pause_reason` says what the last pause was for."""

    tat: float = 0.0
    last_written: float = 0.0
    backoff_until: float = 0.0
    backoff_step: float = 0.0
    last_trouble: float = 0.0
    crawl_delay: float = 0.0
    pace: float = 1.0
    pause_reason: str = ""


class DomainState(msgspec.Struct, omit_defaults=True):
    """The limits that hold; requests in the queue; moments (epoch seconds) where something holds the next one back, and
    `pause_reason`, which answer to which URL did. `pace` is how much of its limit the domain gets, by what it has
    answered lately: 1 is all of it, and more than that only where there is a `ceiling`."""

    per_second: float
    burst: int
    parallel: int
    waiting: int = 0
    in_flight: int = 0
    next_turn: float | None = None
    backoff_until: float | None = None
    crawl_delay: float | None = None
    pause_reason: str | None = None
    pace: float = 1.0
    ceiling: float | None = None
