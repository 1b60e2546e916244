"""Who changed what, and when: a file to which lines of JSON are appended and from which none is taken away.

Server and command line write to the same file. Each line is one write to a file that is open for appending, so that
two writers do not mix theirs, and it is on the disk before the caller hears that the change was made.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

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


class AuditLog:
    """Over one file, which is made with the first entry, readable by its owner alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = asyncio.Lock()

    async def note(self, entry: AuditEntry) -> None:
        """On the disk when this returns. Raises OSError."""
        async with self._lock:
            await asyncio.to_thread(append, self._file, entry)

    async def newest(self, most: int) -> Sequence[AuditEntry]:
        """The last entries, the newest first. Raises OSError."""
        return await asyncio.to_thread(newest, self._file, most)


def append(file: Path, entry: AuditEntry) -> None:
    """Makes the folder where there is none. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    cut = msgspec.structs.replace(
        entry,
        subject=entry.subject[:LONGEST_TEXT],
        detail=None if entry.detail is None else entry.detail[:LONGEST_TEXT],
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(cut) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def newest(file: Path, most: int) -> list[AuditEntry]:
    """Read from the end; a line that a full disk cut short is passed over. Raises OSError."""
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return []
    with file.open("rb") as opened:
        data = b""
        while size > 0 and data.count(b"\n") <= most:
            step = min(PIECE, size)
            size -= step
            opened.seek(size)
            data = opened.read(step) + data
    found: list[AuditEntry] = []
    for line in reversed(data.split(b"\n")[1 if size else 0 :]):
        if len(found) == most:
            break
        try:
            found.append(msgspec.json.decode(line, type=AuditEntry))
        except msgspec.DecodeError:
            if line:
                log.warning("a line of %s cannot be read", file)
    return found
