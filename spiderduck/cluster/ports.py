"""What the view of the cluster needs of others."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from groundwork.process import ProcessStatus


class Registered(NamedTuple):
    """What a process said of itself at `at` (epoch seconds)."""

    at: float
    status: ProcessStatus


class Processes(Protocol):
    """The list of the processes that know the store."""

    async def put(self, status: ProcessStatus) -> None:
        """Raises `StoreUnavailable`."""

    async def remove(self, name: str) -> None:
        """Raises `StoreUnavailable`."""

    async def all(self) -> Sequence[Registered]:
        """Also those that fell silent within the last hour. Raises `StoreUnavailable`."""


OwnStatus = Callable[[], Awaitable[ProcessStatus]]


class Silent(Exception):
    """A process did not answer, or not as one of ours; the text says how."""


AskProcess = Callable[[str], Awaitable[ProcessStatus]]
"""What the process at this address tells of itself. Raises `Silent`."""
