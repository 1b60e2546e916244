"""How many pieces of work may wait or run: what threads and processes have in common."""

from groundwork.workers.budget import MemoryBudget
from groundwork.workers.interface import WorkersBusy, WorkLimits


class Places:
    """`active` pieces wait or run, of as many as the limits have workers and places in the queue."""

    def __init__(self, limits: WorkLimits, budget: MemoryBudget) -> None:
        self.limits = limits
        self.budget = budget
        self.active = 0

    @property
    def small(self) -> int:
        """Bytes that a piece may take without being large."""
        return self.budget.small

    def _enter(self) -> None:
        """Take a place. Raises `WorkersBusy` where there is none."""
        if self.active >= self.limits.workers + self.limits.queue:
            raise WorkersBusy(f"{self.active} pieces of work are waiting or running")
        self.active += 1

    def _leave(self) -> None:
        self.active -= 1
