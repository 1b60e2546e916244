"""The narrow port between the Cassandra store and a driver.

Every statement that goes through it is idempotent (each write carries its own timestamp), so whoever is in doubt may
send it again; only `conditional` ones (`IF …`) must not be repeated blindly.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from spiderduck.errors import StoreUnavailable

Value = int | float | str | bytes | None | Sequence[int | bytes]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """CQL with `?` marks, prepared once per session. Only a `reads` one may be sent to a second node while the first
    is slow."""

    cql: str
    reads: bool = False
    conditional: bool = False


Write = tuple[Statement, Sequence[Value]]
WhenAway = Callable[[StoreUnavailable], Awaitable[None]]
"""Asked while no node answers: returns when it is to be tried again, or raises."""


async def give_up(error: StoreUnavailable) -> None:
    """Tries once."""
    raise error


class Session(Protocol):
    """One connection pool."""

    async def execute(self, statement: Statement, values: Sequence[Value]) -> Sequence[Row]:
        """The rows, or none for a write. Raises `StoreUnavailable` where the cluster did not answer in time or could
        not reach the consistency asked for: a write may or may not have happened then."""

    async def batch(self, writes: Sequence[Write]) -> None:
        """All of them or none, in one round trip (a logged batch). Raises as `execute` does; may be repeated. For a few
        kilobytes: the cluster refuses more than 50 (`batch_size_fail_threshold`)."""

    async def run(self, cql: str) -> None:
        """Run a statement of the schema, unprepared, and wait until the nodes agree on it."""

    async def close(self) -> None:
        """Finish, and give the connections back."""
