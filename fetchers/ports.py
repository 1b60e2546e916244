"""What the fetcher needs from outside. Each port has one contract suite in `tests/contract`, run on every adapter."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from fetchers.model import Ending, Headers, HopRequest, HopResult, KeptPoliteness, NotMine, RateLimit
from fetchers.urls import UrlParts

RawHeaders = tuple[tuple[bytes, bytes], ...]


class RightToSend(Protocol):
    """The right to write one request to its domain, given by the domain's queue (`politeness/queue.py`)."""

    def may_write(self) -> bool:
        """Whether it still holds; asked just before the request is written."""

    def written(self) -> None:
        """The request has been written: the domain's interval begins. Idempotent."""

    async def again(self) -> bool:
        """Wait for the right to write the request once more. False where none comes before the deadline."""


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds: for a connection, for the answer's first byte, and between two of its bytes. None: any time."""

    connect: float | None = None
    first_byte: float | None = None
    read: float | None = None


class TransportRequest(msgspec.Struct, frozen=True):
    """One request as it goes out: a POST where it has a `body`, else a GET. `parts.target` and `headers` go on the wire
    byte for byte (Latin-1).

    A body goes over plain http only to a server that a setting lets us dial (`allow_addresses`, `resolve`).
    """

    parts: UrlParts
    headers: Headers
    right: RightToSend
    timeouts: Timeouts = Timeouts()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """How a request travelled. `address` is the peer's; seconds are those of the connection's making.

    `paced_by` is the first of the name's checked addresses, by which all requests to one server are counted; None where
    a setting (`resolve`, `allow_addresses`) let us dial it. `by_setting`: one names the very address that was dialled.
    """

    address: str
    port: int
    tls_version: str | None = None
    certificate_subject: str | None = None
    dns_seconds: float = 0.0
    connect_seconds: float = 0.0
    tls_seconds: float = 0.0
    reused: bool = False
    paced_by: str | None = None
    by_setting: bool = False

    def again(self) -> "ConnectionInfo":
        """The same for a request that found the connection open."""
        return replace(self, reused=True, dns_seconds=0.0, connect_seconds=0.0, tls_seconds=0.0)


class AnswerHead(msgspec.Struct, frozen=True):
    """The head of an answer, as it came. `connection` is None where the transport does not tell."""

    status_code: int
    headers: RawHeaders
    http_version: str = "HTTP/1.1"
    reason_phrase: str = ""
    connection: ConnectionInfo | None = None


TransportAnswer = tuple[AnswerHead, AsyncIterator[bytes]]
"""An answer's head, and its body as it comes: still encoded, in pieces of any size."""


class Transport(Protocol):
    """The way to the network: one request, one answer."""

    def open(self, request: TransportRequest) -> AbstractAsyncContextManager[TransportAnswer]:
        """Send `request` once its right says so. The block may end before the body does, which is then read no further.

        Entering and reading raise a `TransportError`, entering also `TurnLost` where the right is gone.
        """


class HostStateStore(Protocol):
    """Where the politeness state of a domain outlives an eviction, a restart and a move to another owner.

    Losing it is safe (a domain then waits one interval), so an adapter that cannot answer returns nothing and says so
    in its metrics instead of raising.
    """

    async def load(self, domain: str) -> KeptPoliteness | None:
        """The state saved last; None where there is none or the store does not answer."""

    async def save(self, domain: str, state: KeptPoliteness) -> None:
        """Keep `state`, replacing what was there. Returns when it is kept as durably as the adapter promises."""


class RobotsCache(Protocol):
    """robots.txt verdicts shared by all fetchers. A cache: it may forget anything at any time."""

    async def get(self, origin: str) -> bytes | None:
        """What was put for that origin and is not over its time; None for absence and for a cache out of order."""

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        """Keep it for so long at the most. A cache out of order forgets it; nothing is raised."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A URL that may not be asked for: with which ending, a sentence for a person that names the list and its rule, and
    a stable word for why where the ending alone does not say it."""

    reason: str
    ending: Ending = Ending.BLOCKED_DOMAIN
    code: str | None = None


class UrlPolicy(Protocol):
    """Says whether a URL may be asked for at all. Asked for every hop of everything that is fetched, robots.txt too."""

    def verdict(self, url: str) -> Blocked | None:
        """None where it may. Answers at once and never raises; what it says may change at any time."""


class NothingBlocked:
    """The policy of a fetcher that was given none."""

    def verdict(self, url: str) -> Blocked | None:
        return None


PerformHop = Callable[[HopRequest], Awaitable[HopResult]]
"""Performs one hop wherever its domain's queue lives: the fetcher in this process, or the one that owns it."""


class Holding(Protocol):
    """The right to send to the domains of one bucket, held since `since` (epoch seconds) under the number `fence`.

    A later holder of the same bucket has a higher number.
    """

    @property
    def since(self) -> float: ...

    @property
    def fence(self) -> int: ...

    def holds(self) -> bool:
        """Whether it may still be used in this very moment. Never turns True again after it was False for good; may do
        so after a doubt (a coordinator that did not answer for a while)."""


class Ownership(Protocol):
    """Which fetcher may send to a domain. At any moment at most one fetcher in the cluster holds a domain."""

    def holding_of(self, domain: str) -> Holding | NotMine:
        """Ours, or who to ask instead. Answers at once, from what is known here."""

    def on_lost(self, callback: Callable[[], None]) -> None:
        """`callback` is called on the event loop whenever a holding has ended. One callback; a second replaces it."""


class LocalHolding:
    """Always held: of a fetcher that is alone."""

    __slots__ = ("fence", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.fence = 0

    def holds(self) -> bool:
        return True


ALWAYS = LocalHolding(0.0)


class LocalOwnership:
    """Everything is ours since `since` (epoch seconds): what was sent before is unknown."""

    def __init__(self, since: float) -> None:
        self._holding = LocalHolding(since)

    def holding_of(self, domain: str) -> LocalHolding:
        return self._holding

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Nothing is ever lost, so it is never called."""


class LimitStore(Protocol):
    """Rate limits set while running, known to all fetchers. They beat the settings and the shipped list."""

    def current(self) -> Mapping[str, RateLimit]:
        """By domain or pattern, as known here at this moment."""

    async def put(self, name: str, limit: RateLimit | None) -> None:
        """Keep, or with None remove. Returns when kept; others know within seconds. Raises `CoordinatorUnavailable`."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """`callback` is called on the event loop after every change, here or elsewhere. A second replaces the first."""
