"""One file on the local disk that holds a worker id's record, and the lock that says who may write it. Used by
`file.py`.

    0     who holds it, a line for people
    4096  record          the two are written in turn, so that a torn write
    20480 record          leaves the one before it, which is the durable truth

The lock is flock's: it goes with the process, however that ends, and outlives nobody. The file is never replaced, since
a lock belongs to the file and not to its name. Not for network file systems whose flock is local to each machine.
"""

import errno
import fcntl
import os
from pathlib import Path

from snowflake.errors import LeaseCorrupt, LeaseUnavailable
from snowflake.leases.record import Record

_HOLDER_BYTES = 4096
_SLOT_BYTES = 16_384
_SLOTS = (_HOLDER_BYTES, _HOLDER_BYTES + _SLOT_BYTES)


class RecordFile:
    """Locked from `open_locked` until `close`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._turn = 0

    @classmethod
    def open_locked(cls, path: Path) -> "RecordFile | str":
        """The file, or the line that says who holds it. Raises `LeaseUnavailable`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LeaseUnavailable(f"{path} cannot be used: {error.strerror}; choose another folder") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, _HOLDER_BYTES, 0).split(b"\n")[0].strip(b" \0").decode(errors="replace")
            os.close(descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise LeaseUnavailable(f"{path} cannot be locked: {error.strerror}") from error
            return holder or "a process that is starting"
        return cls(path, descriptor)

    def read(self) -> Record:
        """The newest whole record; an empty one where no write was ever finished. Raises `LeaseCorrupt`."""
        slots = [os.pread(self._descriptor, _SLOT_BYTES, offset) for offset in _SLOTS]
        records = [Record.from_bytes(slot) for slot in slots]
        whole = [record for record in records if record is not None]
        if whole:
            best = max(whole, key=lambda record: record.number)
            self._turn = 1 - records.index(best)
            return best
        if all(slot.strip(b"\0") for slot in slots):
            raise LeaseCorrupt(
                f"{self.path} is damaged, so nothing says up to when its worker id was used; remove it when the clock "
                "is certainly past that time"
            )
        return Record()

    def write(self, record: Record) -> None:
        """Durable when this returns. Raises `LeaseUnavailable`; the record before is then still in force."""
        try:
            os.pwrite(self._descriptor, record.to_bytes().ljust(_SLOT_BYTES, b" "), _SLOTS[self._turn])
            # After the first two writes the file's size never changes again: only data needs to reach the disk.
            os.fdatasync(self._descriptor) if hasattr(os, "fdatasync") else os.fsync(self._descriptor)
        except OSError as error:
            raise LeaseUnavailable(f"{self.path} cannot be written: {error.strerror}") from error
        self._turn = 1 - self._turn

    def sign(self, holder: str) -> None:
        """Write down who holds it, for others who want it, and make the file's name itself durable. Raises
        `LeaseUnavailable`."""
        try:
            os.pwrite(self._descriptor, f"{holder}\n".encode().ljust(_HOLDER_BYTES, b" "), 0)
            os.fsync(self._descriptor)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise LeaseUnavailable(f"{self.path} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Give the lock back, unless a forked child still has the file open."""
        os.close(self._descriptor)
