"""What a fetcher holds, as `zookeeper.py` keeps it, and what it counts."""

from dataclasses import dataclass
from typing import Protocol


class Holder(Protocol):
    """`ZookeeperOwnership`."""

    epoch: int

    def is_trusted(self) -> bool: ...


class ZookeeperHolding:
    """One bucket, held since `since` under `fence`."""

    __slots__ = ("_epoch", "_owner", "ended", "fence", "since")

    def __init__(self, owner: Holder, since: float, fence: int, epoch: int) -> None:
        self._owner = owner
        self._epoch = epoch
        self.since = since
        self.fence = fence
        self.ended = False

    def holds(self) -> bool:
        return not self.ended and self._epoch == self._owner.epoch and self._owner.is_trusted()


@dataclass(slots=True)
class OwnershipCounters:
    """Since the start."""

    rounds: int = 0
    failed_rounds: int = 0
    sessions_lost: int = 0
    taken: int = 0
    given: int = 0
    expelled: int = 0
