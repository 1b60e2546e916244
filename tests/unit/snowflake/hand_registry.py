"""A coordinator in memory, with sessions that a test can cut off, delay or end. Serves the port `Registry`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from snowflake.errors import LeaseLost, LeaseUnavailable


class HandCoordinator:
    """The state behind all sessions."""

    def __init__(self) -> None:
        self.claims: dict[int, tuple[bytes, object]] = {}
        self.times: dict[int, tuple[bytes, int]] = {}

    def session(self) -> HandSession:
        return HandSession(self)


class HandSession:
    """`cut` is a partition; `lose_answers` lets a write happen and its answer vanish."""

    def __init__(self, coordinator: HandCoordinator) -> None:
        self._coordinator = coordinator
        self._callback: Callable[[], None] | None = None
        self._ended = False
        self.cut = False
        self.lose_answers = False

    def holders(self) -> Mapping[int, bytes]:
        self._reach()
        return {worker_id: data for worker_id, (data, _) in self._coordinator.claims.items()}

    def claim(self, worker_id: int, data: bytes) -> bool:
        self._reach()
        if worker_id in self._coordinator.claims:
            return False
        self._coordinator.claims[worker_id] = (data, self)
        return True

    def read(self, worker_id: int) -> tuple[bytes, int]:
        self._reach()
        return self._coordinator.times.setdefault(worker_id, (b"", 0))

    def write(self, worker_id: int, data: bytes, version: int) -> int | None:
        self._reach()
        if self._coordinator.times[worker_id][1] != version:
            return None
        self._coordinator.times[worker_id] = (data, version + 1)
        if self.lose_answers:
            raise LeaseUnavailable("the answer was lost")
        return version + 1

    def on_lost(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def close(self) -> None:
        self._callback = None
        self._forget()

    def expire(self, *, tell: bool) -> None:
        """The coordinator ends the session; a paused or cut-off client does not hear of it."""
        self._forget()
        if tell:
            self._ended = True
            if self._callback is not None:
                self._callback()

    def _forget(self) -> None:
        claims = self._coordinator.claims
        self._coordinator.claims = {one: held for one, held in claims.items() if held[1] is not self}

    def _reach(self) -> None:
        if self._ended:
            raise LeaseLost("the session has ended")
        if self.cut:
            raise LeaseUnavailable("no answer")
