"""What the command line and the API need of a queue, beyond what the flow needs (`schedulers.ports.EventQueue`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schedulers.model import Message


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up, when and why."""

    id: int
    at: float
    reason: str
    message: Message


class DeadLetters(Protocol):
    """The messages that were given up."""

    async def dead(self, most: int, before: int | None = None) -> Sequence[DeadLetter]:
        """The newest first. `before`: those older than the one of that id."""

    async def replay(self, ids: Sequence[int] | None) -> int:
        """Put them (all of them where `ids` is None) back into the queue, their errors forgotten, in one step. Returns
        how many there were; an id that is not there counts for nothing."""

    async def lengths(self) -> "QueueLengths":
        """How many messages lie where."""


@dataclass(frozen=True, slots=True)
class QueueLengths:
    """Messages waiting or being worked on, deferred, and dead. Epoch seconds since when the oldest ones lie there:
    `oldest_at` of the first kind, `deferred_at` of the second; None where there is none, or the engine does not tell.
    """

    ready: int
    deferred: int
    dead: int
    oldest_at: float | None = None
    deferred_at: float | None = None
