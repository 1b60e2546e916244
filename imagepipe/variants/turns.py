"""Renders in turn: each client has its share of the workers, so that one who asks for much holds up nobody else."""

from typing import Any, TypeVar

from groundwork.workers.interface import Workers
from imagepipe.limiter import FairLimiter
from imagepipe.workers import Measured, run_measured

T = TypeVar("T")


class Turns:
    """The workers behind a limiter. Shared by all pipelines."""

    def __init__(self, workers: Workers, limiter: FairLimiter) -> None:
        self._workers = workers
        self._limiter = limiter

    async def run(self, client: str, measured: Measured[T], body: bytes, *args: Any, **options: Any) -> T:
        """The work's result, once it is the client's turn ("" is our own work).

        Raises `Busy` where no more may wait, and what `run_measured` raises.
        """
        async with self._limiter.one("", client, len(body)):
            return await run_measured(self._workers, measured, body, *args, **options)

    async def at_once(self, measured: Measured[T], body: bytes, **options: Any) -> T:
        """The result of work that takes next to no time: it need not wait behind its client's pictures."""
        return await run_measured(self._workers, measured, body, **options)
