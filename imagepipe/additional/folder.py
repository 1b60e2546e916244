"""A folder as an additional cache: files named by the SHA-256 of the address, or placed by its host and path."""

import asyncio
from concurrent.futures import Executor
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from imagepipe.errors import SourceFailed


class FolderCache:
    """`<folder>/<sha256 of the address>`, else `<folder>/<host>/<path>`. `executor` as for `FolderSource`."""

    def __init__(self, folder: Path, name: str = "folder", executor: Executor | None = None) -> None:
        self._executor = executor
        self.name = name
        self._folder = folder.resolve()

    async def get(self, url: str) -> bytes | None:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._read, url)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _read(self, url: str) -> bytes | None:
        parts = urlsplit(url)
        hashed = self._folder / sha256(url.encode()).hexdigest()
        placed = self._folder / (parts.hostname or "") / unquote(parts.path).lstrip("/")
        for path in (hashed, placed):
            try:
                if path.resolve().is_relative_to(self._folder) and path.is_file():
                    return path.read_bytes()
            except ValueError:
                continue  # no file can have that name
            except OSError as error:
                raise SourceFailed(f"{path.name}: {error}", "cache_failed") from error
        return None
