"""`python -m imagepipe serve` as a user starts it, and an origin of pictures that can dawdle."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx


class PictureServer:
    """The real process, on a free port. Use as a context manager; `kill` is -9."""

    def __init__(self, cache: Path, *more: str, settings: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "imagepipe", "serve", "--port", "0", "--allow-private", "--cache", str(cache)]
        command += ["--unsigned-host", "127.0.0.1"]
        environment = {**os.environ, **(settings or {})}
        self._process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, env=environment)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found, f"it did not start: {line!r}"
        self.base = found[0]

    def __enter__(self) -> "PictureServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def address(self, src: str, query: str = "w=100&format=jpeg") -> str:
        return f"{self.base}/images/cards?src={quote(src, safe='')}&{query}"

    async def inspect(self) -> dict[str, Any]:
        """What the pipeline `cards` holds."""
        async with httpx.AsyncClient(trust_env=False) as client:
            found = (await client.get(f"{self.base}/images/inspect")).json()
        return dict(found["pipelines"]["cards"])


class DawdlingOrigin:
    """One picture at every path, with an ETag and ranges. After `pause_after` bytes it waits for `go`."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.ranges: list[str | None] = []
        self.pause_after: int | None = None
        self.go = asyncio.Event()

    async def __aenter__(self) -> "DawdlingOrigin":
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.go.set()
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/picture"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked = re.search(r"(?im)^range: bytes=(\d+)-", request)
        self.ranges.append(asked[1] if asked else None)
        start = int(asked[1]) if asked else 0
        part = self.body[start:]
        status = "206 Partial Content" if asked else "200 OK"
        spans = f"Content-Range: bytes {start}-{len(self.body) - 1}/{len(self.body)}\r\n" if asked else ""
        head = f"HTTP/1.1 {status}\r\nContent-Type: image/png\r\nContent-Length: {len(part)}\r\n{spans}"
        head += 'ETag: "1"\r\nAccept-Ranges: bytes\r\nConnection: close\r\n\r\n'
        pause = len(part) if self.pause_after is None else self.pause_after
        try:
            writer.write(head.encode() + part[:pause])
            await writer.drain()
            if pause < len(part):
                await self.go.wait()
            writer.write(part[pause:])
            await writer.drain()
        except ConnectionError:
            return  # the server that asked was killed
        finally:
            writer.close()
