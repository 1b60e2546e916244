"""Who changed what, and when: entries are only ever added. In a file, or in a cluster in a table
(`stores/cassandra_audit.py`).

Server and command line write to the same file. Each line is one write to a file that is open for appending, so that
two writers do not mix theirs, and it is on the disk before the caller hears that the change was made.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol

import msgspec

log = logging.getLogger(__name__)

FILE = "audit.jsonl"
PIECE = 64 * 1024
LONGEST_TEXT = 2_000
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class AuditEntry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One change. `by` is the name of the key, null where none was asked for; `action` is a stable word, `subject` what
    was changed, `detail` how."""

    at: Moment
    by: str | None
    action: str
    subject: str
    detail: str | None = None


class AuditPage(NamedTuple):
    """Entries, the newest first, and where older ones begin; None where there are none."""

    entries: Sequence[AuditEntry]
    next: int | None


class AuditLog(Protocol):
    """Where the entries are kept."""

    async def note(self, entry: AuditEntry) -> None:
        """Durable when this returns. Raises OSError, `StoreUnavailable`."""

    async def newest(self, most: int, before: int | None = None) -> AuditPage:
        """The last entries, or those before the place that an earlier page named. Raises OSError,
        `StoreUnavailable`."""


class FileAudit:
    """Over one file, which is made with the first entry, readable by its owner alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = asyncio.Lock()

    async def note(self, entry: AuditEntry) -> None:
        async with self._lock:
            await asyncio.to_thread(append, self._file, entry)

    async def newest(self, most: int, before: int | None = None) -> AuditPage:
        return await asyncio.to_thread(newest, self._file, most, before)


def shortened(entry: AuditEntry) -> AuditEntry:
    """With texts that are no longer than an entry's may be."""
    return msgspec.structs.replace(
        entry,
        subject=entry.subject[:LONGEST_TEXT],
        detail=None if entry.detail is None else entry.detail[:LONGEST_TEXT],
    )


def append(file: Path, entry: AuditEntry) -> None:
    """Makes the folder where there is none. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        line = msgspec.json.encode(shortened(entry)) + b"\n"
        os.write(descriptor, line if _ends_whole(descriptor) else b"\n" + line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ends_whole(descriptor: int) -> bool:
    """Whether nothing that a full disk cut short is in the way."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def newest(file: Path, most: int, before: int | None = None) -> AuditPage:
    """Read from the end, or from byte `before`; a line that a full disk cut short is passed over. Raises OSError."""
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return AuditPage([], None)
    start = end = size if before is None else min(before, size)
    with file.open("rb") as opened:
        data = b""
        while start > 0 and data.count(b"\n") <= most:
            step = min(PIECE, start)
            start -= step
            opened.seek(start)
            data = opened.read(step) + data
    found: list[AuditEntry] = []
    at = end
    for line in reversed(data.split(b"\n")[1 if start else 0 :]):
        if len(found) == most:
            break
        at -= len(line) + 1
        try:
            found.append(msgspec.json.decode(line, type=AuditEntry))
        except msgspec.DecodeError:
            if line:
                log.warning("a line of %s cannot be read", file)
    at = max(0, at + 1)  # where the last line that was read begins: the last piece has no end of line
    return AuditPage(found, at if at > 0 else None)
