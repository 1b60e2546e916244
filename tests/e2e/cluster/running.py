"""What the tests of this folder ask of a running cluster, over HTTP as its users do."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.chaos.cluster.supervisor import Supervised
from tests.cluster.settings import Installation
from tests.engines.toxics import Link
from tests.origin import Origin
from tests.receiver import Receiver

KEY = "the key of the tests"
OPEN = frozenset({"pending", "unknown", "deferred"})


@dataclass(frozen=True)
class RunningCluster:
    """`links` by engine; `broker` leads past its link; `receiver` is `http://hooks.test/`."""

    installation: Installation
    processes: Mapping[str, Supervised]
    links: Mapping[str, Link]
    origin: Origin
    receiver: Receiver
    broker: str

    @asynccontextmanager
    async def client(self, process: str = "api-1") -> AsyncIterator[httpx.AsyncClient]:
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(
            base_url=self.installation.url(process), headers=headers, trust_env=False, timeout=30
        ) as client:
            yield client

    async def missing(self, process: str) -> Mapping[str, str]:
        """What `/readyz` of a process says; nothing when it is ready."""
        async with self.client(process) as client:
            answer = await client.get("/readyz")
        said = answer.json()
        assert (answer.status_code == 200) is said["ready"] is (not said["missing"])
        return dict(said["missing"])

    async def until_missing(self, process: str, *engines: str, seconds: float = 20.0) -> Mapping[str, str]:
        """Wait until exactly these engines (none: nothing at all) are named."""
        over = time.monotonic() + seconds
        while True:
            said = await self.missing(process)
            if set(said) == set(engines):
                return said
            assert time.monotonic() < over, (process, said, self.processes[process].tail())
            await asyncio.sleep(0.1)


async def send(client: httpx.AsyncClient, *events: Mapping[str, Any]) -> None:
    answer = await client.post("/v1/events", json=list(events))
    assert answer.status_code == 202, answer.text


async def ended(client: httpx.AsyncClient, *urls: str, seconds: float = 30.0) -> list[dict[str, Any]]:
    """The records, once each of them has come to an ending."""
    over = time.monotonic() + seconds
    while True:
        answer = await client.post("/v1/urls/batch", json={"urls": list(urls), "wait_ms": 500})
        if answer.status_code == 200:
            records = answer.json()["results"]
            if all(one["status"] not in OPEN for one in records):
                return list(records)
        assert time.monotonic() < over, answer.text


class Stream:
    """Reads `/v1/stream` beside the test."""

    def __init__(self) -> None:
        self.notices: list[dict[str, Any]] = []
        self.connected = asyncio.Event()
        self._another = asyncio.Event()

    async def run(self, client: httpx.AsyncClient, **parameters: str) -> None:
        async with client.stream("GET", "/v1/stream", params=parameters) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                self.connected.set()
                if line.startswith("data: "):
                    self.notices.append(json.loads(line.removeprefix("data: ")))
                    self._another.set()

    async def until(self, count: int, seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while len(self.notices) < count:
                self._another.clear()
                await self._another.wait()


@asynccontextmanager
async def streaming(client: httpx.AsyncClient, **parameters: str) -> AsyncIterator[Stream]:
    """Connected before the block begins."""
    stream = Stream()
    task = asyncio.create_task(stream.run(client, **parameters))
    await asyncio.wait((task, asyncio.ensure_future(stream.connected.wait())), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield stream
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
