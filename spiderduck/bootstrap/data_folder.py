"""The folder where everything durable lies, held by one process at a time."""

import errno
import fcntl
import os
from pathlib import Path

from spiderduck.errors import DataInUse, StoreUnavailable


class DataFolder:
    """Made where it is missing; locked (flock, so that a killed process holds nothing) until `release`."""

    def __init__(self, path: Path) -> None:
        """Raises `DataInUse` and `StoreUnavailable`."""
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
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

    def release(self) -> None:
        os.close(self._lock)
