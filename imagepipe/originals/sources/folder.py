"""Pictures from a folder: the address's path is the file's path below it. For demonstrations and tests."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from imagepipe.ports import SourceEnded, SourceResponse, Wanted


class FolderSource:
    """A `Source` that never leaves its folder. Files are read in `executor`, by default the loop's own."""

    def __init__(self, folder: Path, executor: Executor | None = None) -> None:
        self._folder = folder.resolve()
        self._executor = executor

    async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
        found = await asyncio.get_running_loop().run_in_executor(self._executor, self._read, wanted.url)
        if found is None:
            return SourceEnded("not_found", "no such file")
        body, modified = found
        etag = f'"{len(body):x}-{int(modified * 1000):x}"'
        if len(body) > wanted.max_bytes:
            return SourceEnded("too_large", f"{len(body)} bytes; at most {wanted.max_bytes}")
        resumed = bool(wanted.resume_from) and wanted.etag == etag and wanted.resume_from < len(body)
        start = wanted.resume_from if resumed else 0
        unchanged = not wanted.resume_from and wanted.etag == etag
        status = 304 if unchanged else 206 if resumed else 200
        return SourceResponse(
            status,
            whole(b"" if unchanged else body[start:]),
            start=start,
            total=len(body),
            etag=etag,
            last_modified=formatdate(modified, usegmt=True),
            accept_ranges=True,
        )

    def _read(self, url: str) -> tuple[bytes, float] | None:
        try:
            path = (self._folder / unquote(urlsplit(url).path).lstrip("/")).resolve()
            if not path.is_relative_to(self._folder) or not path.is_file():
                return None
            return path.read_bytes(), path.stat().st_mtime
        except (OSError, ValueError):  # a name the system cannot have, or a file that may not be read
            return None


async def whole(body: bytes) -> AsyncIterator[bytes]:
    """The body, if there is any."""
    if body:
        yield body
