"""What a subscriber can do. Used by the stream, by `watch`, and by whoever waits for a URL in the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from schedulers.notice import REQUESTED


@dataclass(frozen=True, slots=True)
class Filter:
    """Only notices of these domains (with everything below them), types, statuses or outcomes, and verdicts; empty
    means all, but for those of requests, which a reader has to name."""

    domains: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    verdicts: frozenset[str] = frozenset()

    def takes(self, host: str, type: str, status: str, outcome: str, body: bytes) -> bool:
        """Whether a notice with these is wanted. Its JSON is read only where verdicts are asked for."""
        if type not in self.types if self.types else type == REQUESTED:
            return False
        if self.statuses and status not in self.statuses and outcome not in self.statuses:
            return False
        if self.domains and not any(host == name or host.endswith("." + name) for name in self.domains):
            return False
        return not self.verdicts or _verdict(body) in self.verdicts


class _Judged(msgspec.Struct):
    verdict: str = ""


class _Data(msgspec.Struct):
    verdict: _Judged = msgspec.field(default_factory=_Judged)


class _Told(msgspec.Struct):
    """What of a notice's JSON the verdict stands in."""

    data: _Data = msgspec.field(default_factory=_Data)


_decode = msgspec.json.Decoder(_Told).decode


def _verdict(body: bytes) -> str:
    """Empty where none stands in the notice, as in those of former versions, or nothing can be read."""
    try:
        return _decode(body).data.verdict.verdict
    except msgspec.DecodeError:
        return ""


@dataclass(frozen=True, slots=True)
class Received:
    """A notice's JSON and its position; acknowledging a position acknowledges all before it."""

    position: int
    body: bytes


BATCH_BYTES = 256 * 1024
"""Of the notices that are handed to a reader at a time; the one that goes beyond is the last. A subscriber that reads
slowly holds one batch in memory, and there may be thousands of them."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """A durable queue. Times are epoch seconds; what an engine cannot say is None.

    `lag` notices wait to be acknowledged, the oldest of which is from `oldest_at`. `expires_at` is when the queue is
    deleted unless somebody uses it before; None where it stays for ever.
    """

    name: str
    position: int | None
    lag: int
    oldest_at: float | None
    created_at: float
    used_at: float
    expires_at: float | None


OWN = "@"


def is_own(name: str) -> bool:
    """Whether a durable queue is a part's of ours. Those are not listed and not counted, and no caller can name one."""
    return name.startswith(OWN)


class Subscription(Protocol):
    """One subscriber's view of the notices, in the order in which they were written."""

    @property
    def reset(self) -> int | None:
        """Where the view begins, if that is not where the subscriber thinks it is: the position that it named was never
        given out, or what followed it is gone. Else None."""

    @property
    def stalled(self) -> bool:
        """Whether nothing more comes until something is acknowledged."""

    async def receive(self, most: int) -> Sequence[Received]:
        """The next notices, waiting for at least one. What is not acknowledged comes again when the queue is opened
        anew. Raises `UnknownQueue` where the durable queue was removed meanwhile."""

    async def poll(self, most: int) -> Sequence[Received]:
        """The next notices as `receive` gives them, of those that are there: however long reading takes, nothing
        where nothing is. A broker, which does not tell that, is given a moment."""

    async def ack(self, position: int) -> None:
        """All up to this position were taken care of. Durable for a named queue when this returns. A position that was
        acknowledged before changes nothing. Raises `NotHandedOut` for one beyond what any reader of the queue got,
        or, on a broker, that another process handed out."""

    async def close(self) -> None:
        """Leave. A named queue goes on collecting; a temporary one is gone."""


class Subscriptions(Protocol):
    """Where queues of notices are made and opened.

    A durable queue is one subscriber's. Who opens it twice has two views of it: both get what is not acknowledged, and
    what is acknowledged through one is done with for the other as well.
    """

    async def create(self, name: str, *, after: int | None = None) -> bool:
        """Create a durable queue that collects from now on, or from `after` (0: all that is kept). False where there is
        one already, which stays as it is. Raises `TooManyQueues`, `NoPast`."""

    async def queues(self) -> Sequence[QueueState]:
        """All durable queues by name."""

    async def open(
        self, name: str | None, wanted: Filter, *, after: int | None = None, alone: bool = False
    ) -> Subscription:
        """The durable queue `name`, or a temporary one (None), which begins now.

        `after` is the last position that the subscriber got: a temporary queue begins behind it, and in a durable one
        it is acknowledged. One that was never given out acknowledges nothing, and the view says so (`reset`); a
        temporary queue begins at the end then. `alone` is for a durable queue that one process at a time may read.
        Raises `UnknownQueue`, and where another process reads alone `ReadElsewhere`, also later, from `receive`.
        """

    async def remove(self, name: str) -> bool:
        """Delete a durable queue. False where there is none."""

    async def expire(self) -> int:
        """Delete the durable queues that nobody used for too long; returns how many."""
