"""Writes a registered lease's time ahead again and again, in a thread of its own. Started by `registered.py`.

It goes on while the coordinator is silent and stops only when the lease is lost or given back, so that ids come back by
themselves.
"""

import logging
import threading
from typing import Protocol

from snowflake.errors import LeaseLost, SnowflakeError
from snowflake.ports import Clock, Holder

log = logging.getLogger(__name__)

_BEATS_PER_DEADLINE = 10  # so that two thirds of the deadline remain after a few lost ones
_NS_PER_MS = 1_000_000


class Renewable(Protocol):
    """The lease, as its heartbeat sees it."""

    def renew(self, now_ms: int) -> int: ...


class Heartbeat:
    """`beat` is what the thread does again and again."""

    def __init__(self, lease: Renewable, holder: Holder, clock: Clock, deadline_ms: int) -> None:
        self._lease = lease
        self._holder = holder
        self._clock = clock
        self._seconds = deadline_ms / _BEATS_PER_DEADLINE / 1000
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snowflake-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Waits for a write under way."""
        self._ended.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def beat(self) -> None:
        """One write. The clock is looked at first: a time from the future must not be written down."""
        self._holder.check_clock()
        until_ms = self._lease.renew(self._clock.time_ns() // _NS_PER_MS)
        self._holder.permit(until_ms)

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self.beat()
            except LeaseLost:
                return  # the holder has been told
            except SnowflakeError as error:
                log.warning("the lease of the worker id was not renewed: %s", error)
