"""What the fetcher needs from outside. Each port has one contract suite in `tests/contract`, run on every adapter."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fetchers.model import Ending, HopRequest, HopResult, NotMine, RateLimit, Response


class HostStateStore(Protocol):
    """Where the politeness state of a domain outlives an eviction, a restart and a move to another owner.

    Losing it is safe (a domain then waits one interval), so an adapter that cannot answer returns nothing and says so
    in its metrics instead of raising.
    """

    async def load(self, domain: str) -> Mapping[str, float] | None:
        """The state saved last; None where there is none or the store does not answer."""

    async def save(self, domain: str, state: Mapping[str, float]) -> None:
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

Take = Callable[[Response, bytes], Awaitable[bool]]
"""Takes an answer while it comes: its head (whose `body` is empty) with every decoded piece, none of them empty.
Whoever waits in it slows the far end down. False: that was enough, the rest is not read."""

StreamHop = Callable[[HopRequest, Take], Awaitable[HopResult]]
"""`PerformHop` for an answer that is wanted while it comes. The `Response` that ends it has an empty body, which `Take`
has had; where the hop ends otherwise after some pieces, the answer broke off there."""


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


class LimitStore(Protocol):
    """Rate limits set while running, known to all fetchers. They beat the settings and the shipped list."""

    def current(self) -> Mapping[str, RateLimit]:
        """By domain or pattern, as known here at this moment."""

    async def put(self, name: str, limit: RateLimit | None) -> None:
        """Keep, or with None remove. Returns when kept; others know within seconds. Raises `CoordinatorUnavailable`."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """`callback` is called on the event loop after every change, here or elsewhere. A second replaces the first."""
