"""Adapters of the `AdditionalCache` port: read-only stores that are asked before the network."""

import asyncio
from concurrent.futures import Executor
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import aiohttp

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


class HttpCache:
    """A cache behind HTTP. `base` is the operator's own, so no address guard stands before it. Close it after use."""

    def __init__(
        self, base: str, *, name: str = "http", seconds: float = 2.0, max_bytes: int = 32 * 1024 * 1024
    ) -> None:
        self.name = name
        self._base = base
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str) -> bytes | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        try:
            async with self._session.get(self._base + quote(url, safe=""), allow_redirects=False) as response:
                if response.status in (404, 410):
                    return None
                if response.status != 200:
                    raise SourceFailed(f"{self.name} answered {response.status}", "cache_failed")
                return await self._read(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SourceFailed(f"{self.name}: {error}", "cache_failed") from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > self._max_bytes:
                raise SourceFailed(f"{self.name}: more than {self._max_bytes} bytes", "cache_failed")
        return bytes(body)
