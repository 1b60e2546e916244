"""The folder where everything durable lies, held by one process at a time, and readable by its user alone."""

import errno
import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from spiderduck.errors import DataInUse, StoreUnavailable

log = logging.getLogger(__name__)

FOR_OTHERS = 0o077
OURS = (
    "lock",
    "keys.json*",
    "spiderduck.db*",
    "archive",
    "spool",
    "images",
    "snowflake",
    "image-signing-key",
    "sharer-key",
    "webhook-secret-key",
    "lists.judged*",
    "takedowns.followed*",
    "archive.checked*",
    "audit.jsonl",
    "reprocess.json*",
    "analytics",
)
"""What we write into a data folder. Whatever else lies there is somebody else's."""


def keep_files_private() -> None:
    """From now on this process makes files and folders that no other user may read. Called where a server starts."""
    os.umask(FOR_OTHERS)


class DataFolder:
    """Made where it is missing; locked (flock, so that a killed process holds nothing) until `release`."""

    def __init__(self, path: Path) -> None:
        """Raises `DataInUse` and `StoreUnavailable`."""
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"the data folder {path} cannot be used: {error.strerror}; choose another with --data"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._lock, 20).decode(errors="replace").strip()
            os.close(self._lock)
            if error.errno != errno.EWOULDBLOCK:
                raise StoreUnavailable(f"the data folder {path} cannot be locked: {error.strerror}") from error
            who = f"process {holder}" if holder else "another process"
            raise DataInUse(
                f"{who} works on the data folder {path}; stop it, or choose another folder with --data"
            ) from error
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())
        _tighten(path)

    def release(self) -> None:
        os.close(self._lock)


def _tighten(folder: Path) -> None:
    """A folder of ours that others may enter, from an earlier version say, is closed to them with what lies in it. The
    folder itself comes last, so that a start which broke off does it again. A folder of another user (a mounted volume)
    is left as it is.
    """
    try:
        found = folder.stat()
        if found.st_uid != os.geteuid() or not stat.S_IMODE(found.st_mode) & FOR_OTHERS:
            return
        for pattern in OURS:
            for path in folder.glob(pattern):
                for each in _with_all_below(path):
                    _close_to_others(each)
        _close_to_others(folder)
    except OSError as error:
        log.warning("the data folder %s is open to other users, and stays so: %s", folder, error.strerror)
        return
    log.warning("the data folder %s was open to other users; it and what lies in it are now this user's alone", folder)


def _with_all_below(path: Path) -> Iterator[Path]:
    yield path
    if not path.is_symlink():
        for parent, folders, files in os.walk(path):
            yield from (Path(parent, name) for name in (*folders, *files))


def _close_to_others(path: Path) -> None:
    """Links are not followed: what they lead to lies elsewhere."""
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or found.st_uid != os.geteuid():
            return
        if found.st_mode & FOR_OTHERS:
            path.chmod(stat.S_IMODE(found.st_mode) & ~FOR_OTHERS)
    except FileNotFoundError:
        return
