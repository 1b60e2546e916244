"""What callers see of workers: the port, the limits, and the errors. An error of the work itself comes back as it is.

Errors here say what became of the work, not what it was for: whoever hands the work in says that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from groundwork.errors import CodedError

T = TypeVar("T")


class Workers(Protocol):
    """Runs blocking work somewhere else than on the loop. Threads and processes keep the same promises."""

    @property
    def active(self) -> int:
        """How many pieces wait or run."""

    @property
    def small(self) -> int:
        """Bytes that a piece may take without being large; large ones wait for one another."""

    async def run(self, work: Callable[[], T], *, memory: int = 0) -> T:
        """The result of `work`, or what it raised; what came of it otherwise is a `WorkError`.

        `memory`: the bytes that it takes at most, taken from the budget before it begins. For processes `work` must be
        something that can be pickled, such as a `partial` of a function. Cancelled, work that has not begun is dropped;
        work that has begun ends on its own.
        """

    async def close(self) -> None:
        """Let go of what this object itself started."""


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """So many `workers`, so many pieces that wait for one in the `queue`, and the seconds that a piece may run."""

    workers: int
    queue: int
    seconds: float


class WorkError(CodedError):
    """Base of what can become of a piece of work besides its own result or error."""

    code = "work_error"


class WorkersBusy(WorkError):
    """As many pieces wait as may wait, the workers are ending, or the machine has no time for it. That says nothing of
    the work. `retry_after` is in seconds."""

    code = "busy"
    retryable = True

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class WorkTooLarge(WorkError):
    """The budget never has the `needed` bytes; it has `most`. It was not begun."""

    code = "work_too_large"

    def __init__(self, needed: int, most: int) -> None:
        super().__init__(f"takes {needed} bytes of memory; at most {most} are given to one piece of work")
        self.needed = needed
        self.most = most


class WorkTimedOut(WorkError):
    """It took longer than a piece may."""

    code = "work_timed_out"
    retryable = True


class OutOfMemory(WorkError):
    """It wanted more memory than its process may have."""

    code = "out_of_memory"


class WorkerCrashed(WorkError):
    """The process that did it died; a new one takes its place."""

    code = "worker_crashed"


class WorkFailed(WorkError):
    """It raised in its process what is no error with a `code`; the text names the class."""

    code = "work_failed"
