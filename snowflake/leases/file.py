"""Worker ids shared by the processes of one machine: a folder with one locked file for each id in use.

    with Generator(lease=FileLease("/var/lib/app/ids").acquire()) as ids: ...

The time up to which the id may be used is on disk half a second ahead of use. A thread (`renewal.py`) keeps it ahead
while ids are minted, so that the caller does not wait for the disk. What is on disk is never behind what was permitted,
whatever kills the process.
"""

import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from snowflake.clock import SystemClock
from snowflake.config import HIGH_WATER_MS, MOST_WAIT_MS
from snowflake.errors import BadConfiguration, GeneratorClosed, LeaseLost, RegistryExhausted, WorkerIdTaken
from snowflake.grants import Grant
from snowflake.leases.record import Record, wait_past
from snowflake.leases.record_file import RecordFile
from snowflake.leases.renewal import Renewal
from snowflake.ports import Clock, Holder


@dataclass(frozen=True, slots=True)
class FileLease:
    """The lowest free of `worker_ids` in `folder`, for `datacenter_id`. `most_wait_ms`: how long a start waits for an
    earlier holder's time."""

    folder: Path | str
    worker_ids: Sequence[int] = range(32)
    datacenter_id: int = 0
    most_wait_ms: int = MOST_WAIT_MS

    def acquire(self, clock: Clock | None = None) -> "HeldFileLease":
        """Blocks: for the disk, and for up to `HIGH_WATER_MS` after a crash.

        Raises `WorkerIdTaken` (one id asked for), `RegistryExhausted`, `ClockBehindHighWater`, `LeaseCorrupt`,
        `LeaseUnavailable`.
        """
        if not self.worker_ids:
            raise BadConfiguration.of("worker_ids", self.worker_ids, "one or more numbers", range(32))
        clock = clock or SystemClock()
        holders: dict[int, str] = {}
        for worker_id in self.worker_ids:
            opened = RecordFile.open_locked(self._path(worker_id))
            if isinstance(opened, RecordFile):
                return self._hold(worker_id, opened, clock)
            holders[worker_id] = opened
        if len(holders) == 1:
            ((worker_id, holder),) = holders.items()
            raise WorkerIdTaken(
                f"worker id {worker_id} in {self.folder} is held by {holder}; use another, or stop that one"
            )
        raise RegistryExhausted(str(self.folder), holders)

    def _path(self, worker_id: int) -> Path:
        return Path(self.folder).expanduser() / f"worker-{self.datacenter_id}-{worker_id}"

    def _hold(self, worker_id: int, file: RecordFile, clock: Clock) -> "HeldFileLease":
        try:
            record = file.read()
            file.sign(f"process {os.getpid()} on {socket.gethostname()}")
            wait_past(worker_id, record.high_water_ms, clock, self.most_wait_ms)
        except BaseException:
            file.close()
            raise
        return HeldFileLease(worker_id, self.datacenter_id, file, record, clock)


class HeldFileLease:
    """A worker id held by this process until `release`. Serves the port `Lease`."""

    def __init__(self, worker_id: int, datacenter_id: int, file: RecordFile, record: Record, clock: Clock) -> None:
        self.worker_id = worker_id
        self.datacenter_id = datacenter_id
        self.floor_ms = record.high_water_ms
        self.grants: Sequence[Grant] = record.grants
        self._file = file
        self._record = record
        self._clock = clock
        self._pid = os.getpid()
        self._released = False
        self._lock = threading.Lock()
        self._renewal: Renewal | None = None

    def attach(self, holder: Holder) -> None:
        self._renewal = Renewal(self, holder, self._clock)

    def extend(self, now_ms: int) -> int:
        with self._lock:
            if now_ms + HIGH_WATER_MS > self._record.high_water_ms:
                self._write(replace(self._record, high_water_ms=now_ms + HIGH_WATER_MS))
            until_ms = self._record.high_water_ms
        if self._renewal is not None:
            self._renewal.wake()
        return until_ms

    def record_grants(self, grants: Sequence[Grant]) -> None:
        with self._lock:
            self._write(replace(self._record, grants=tuple(grants)))

    def release(self, last_used_ms: int) -> None:
        if os.getpid() != self._pid:
            self._abandon()
            return
        if self._renewal is not None:
            self._renewal.end()
        with self._lock:
            if self._released:
                return
            try:
                self._write(replace(self._record, high_water_ms=max(self.floor_ms, last_used_ms)))
            finally:
                self._released = True
                self._file.close()

    def _write(self, record: Record) -> None:
        if self._released:
            raise GeneratorClosed(f"worker id {self.worker_id} was given back")
        if os.getpid() != self._pid:
            raise LeaseLost("the worker id belongs to the process that forked this one")
        record = replace(record, number=self._record.number + 1)
        self._file.write(record)
        self._record = record

    def _abandon(self) -> None:
        """In a forked child: let go of the file, so that the lock ends with the parent; write nothing."""
        if not self._released:
            self._released = True
            self._file.close()
