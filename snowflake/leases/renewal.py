"""Keeps a file lease's time on disk ahead while ids are minted, in a thread of its own. Started by `file.py`.

A generator that minted within the last ten seconds never waits for the disk; an idle one costs nothing: its thread
ends, and the first id afterwards writes by itself.
"""

import logging
import os
import threading
from typing import Protocol

from snowflake.errors import SnowflakeError
from snowflake.ports import Clock, Holder

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.1
AHEAD_MS = 300  # renewed when less is left: enough for a slow fsync, and about five writes a second
IDLE_MS = 10_000

_NS_PER_MS = 1_000_000


class Extendable(Protocol):
    """The lease, as its renewal sees it."""

    def extend(self, now_ms: int) -> int: ...


class Renewal:
    """`wake` starts the thread where none runs. `beat` is what the thread does again and again."""

    def __init__(self, lease: Extendable, holder: Holder, clock: Clock) -> None:
        self._lease = lease
        self._holder = holder
        self._clock = clock
        self._until_ms = 0
        self._ended = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        with self._starting:
            if self._ended.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="snowflake-renewal", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Waits for a write under way."""
        self._ended.set()
        with self._starting:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def beat(self) -> bool:
        """Extend where little is left. False when nothing was minted for so long that the thread may end."""
        now_ms = self._clock.time_ns() // _NS_PER_MS
        last_ms = self._holder.last_used_ms()
        if now_ms - last_ms > IDLE_MS:
            return False
        # A clock that went back is the generator's business; what was minted already must stay covered.
        from_ms = max(now_ms, last_ms)
        if self._until_ms - from_ms < AHEAD_MS:
            self._holder.check_clock()
            self._until_ms = self._lease.extend(from_ms)
            self._holder.permit(self._until_ms)
        return True

    def _run(self) -> None:
        parent = os.getpid()
        while not self._ended.wait(BEAT_SECONDS) and os.getpid() == parent:
            try:
                if not self.beat():
                    return
            except SnowflakeError as error:
                # The generator meets the same trouble at its next permit and tells its caller; nobody listens here.
                log.warning("the time ahead was not renewed: %s", error)
                return
