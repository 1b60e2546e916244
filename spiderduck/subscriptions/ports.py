"""What a subscriber can do. Used by the stream, by `watch`, and by whoever waits for a URL in the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Filter:
    """Only notices of these domains (with everything below them), types and statuses or outcomes; empty means all."""

    domains: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()

    def takes(self, host: str, type: str, status: str, outcome: str) -> bool:
        """Whether a notice with these is wanted."""
        if self.types and type not in self.types:
            return False
        if self.statuses and status not in self.statuses and outcome not in self.statuses:
            return False
        return not self.domains or any(host == name or host.endswith("." + name) for name in self.domains)


@dataclass(frozen=True, slots=True)
class Received:
    """A notice's JSON and its position; acknowledging a position acknowledges all before it."""

    position: int
    body: bytes


class Subscription(Protocol):
    """One subscriber's view of the notices, in the order in which they were written."""

    async def receive(self, most: int) -> Sequence[Received]:
        """The next notices, waiting for at least one. What is not acknowledged comes again when the queue is opened
        anew."""

    async def ack(self, position: int) -> None:
        """All up to this position were taken care of. Durable for a named queue when this returns."""

    async def close(self) -> None:
        """Leave. A named queue goes on collecting; a temporary one is gone."""


class Subscriptions(Protocol):
    """Where queues of notices are opened."""

    async def open(self, name: str | None, wanted: Filter, *, after: int | None = None) -> Subscription:
        """The durable queue `name`, made where there is none (it collects from now on); or a temporary one (None), from
        `after` or from now on."""

    async def remove(self, name: str) -> bool:
        """End a durable queue. False where there is none."""
