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

from tests.origin import Origin, Request, http


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


class DawdlingOrigin(Origin):
    """One picture at every path, with an ETag and ranges. After `pause_after` bytes it waits for `go`."""

    def __init__(self, body: bytes) -> None:
        super().__init__(default=self._picture)
        self.body = body
        self.ranges: list[str | None] = []
        self.pause_after: int | None = None
        self.go = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://{self.target}/picture"

    async def _picture(self, request: Request, writer: asyncio.StreamWriter) -> None:
        asked = re.match(r"bytes=(\d+)-", request.headers.get("range", ""))
        self.ranges.append(asked[1] if asked else None)
        start = int(asked[1]) if asked else 0
        part = self.body[start:]
        spans = {"Content_Range": f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"} if asked else {}
        status = "206 Partial Content" if asked else "200 OK"
        more = {"ETag": '"1"', "Accept_Ranges": "bytes", "Connection": "close"}
        whole = http(part, status, "image/png", **spans, **more)
        head = len(whole) - len(part)
        pause = len(part) if self.pause_after is None else self.pause_after
        writer.write(whole[: head + pause])
        await writer.drain()
        if pause < len(part):
            await self.go.wait()
        writer.write(whole[head + pause :])
        await writer.drain()
        writer.close()
