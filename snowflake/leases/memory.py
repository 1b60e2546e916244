"""A worker id that somebody simply chose: nothing durable, nobody else asked. What a bare `Generator` uses.

It promises nothing beyond this process (`process_mints.py` keeps that much).
"""

from collections.abc import Sequence

from snowflake.config import HIGH_WATER_MS
from snowflake.grants import Grant
from snowflake.ports import Holder


class MemoryLease:
    """Always there, never lost, forgotten with the process."""

    def __init__(self, worker_id: int, datacenter_id: int = 0, *, floor_ms: int = 0) -> None:
        self.worker_id = worker_id
        self.datacenter_id = datacenter_id
        self.floor_ms = floor_ms
        self.grants: Sequence[Grant] = ()

    def attach(self, holder: Holder) -> None:
        """Nobody ever has to be told anything."""

    def extend(self, now_ms: int) -> int:
        return now_ms + HIGH_WATER_MS

    def record_grants(self, grants: Sequence[Grant]) -> None:
        self.grants = grants

    def release(self, last_used_ms: int) -> None:
        self.floor_ms = max(self.floor_ms, last_used_ms)
