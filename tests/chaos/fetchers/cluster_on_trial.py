"""Three fetcher processes on real engines, and an origin that writes down when which of them sent what."""

import asyncio
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from fetchers.client.routing import Router
from fetchers.model import HopRequest, Response
from tests.origin import Origin, Request, http

RATE, BURST = 4.0, 2
JITTER_SECONDS = 0.02
"""What loopback may add between a write there and its arrival here."""
BEAT_SECONDS = 0.002


class Arrival(NamedTuple):
    """A request that came at `at`, or since `earliest`: a busy machine may have kept us from looking."""

    earliest: float
    at: float
    sender: str


class Witness(Origin):
    """Answers everything; `arrivals` by domain: when, and who sent it (its User-Agent)."""

    def __init__(self) -> None:
        super().__init__(default=self._note)
        self.arrivals: dict[str, list[Arrival]] = defaultdict(list)
        self._beats = (0.0, 0.0)

    async def beat(self) -> None:
        """Notes when this process last had its turn."""
        while True:
            self._beats = (self._beats[1], time.monotonic())
            await asyncio.sleep(BEAT_SECONDS)

    def _note(self, request: Request) -> bytes:
        self.arrivals[request.host].append(Arrival(self._beats[0], time.monotonic(), request.headers["user-agent"]))
        return http(b"" if request.target == "/robots.txt" else b"hello")

    def senders(self, domain: str) -> list[str]:
        return [arrival.sender for arrival in self.arrivals[domain]]

    def check(self) -> None:
        """No window of any length holds more than burst + rate × t, and a new sender keeps its distance."""
        for domain, seen in self.arrivals.items():
            for first in range(len(seen)):
                for last in range(first, len(seen)):
                    seconds = seen[last].at - seen[first].earliest
                    allowed = BURST + RATE * (seconds + JITTER_SECONDS)
                    assert last - first + 1 <= allowed, f"{domain}: {last - first + 1} in {seconds} s"
            for before, after in zip(seen, seen[1:], strict=False):
                if before.sender != after.sender:
                    apart = after.at - before.earliest
                    assert apart >= 1 / RATE - JITTER_SECONDS, f"{domain}: {before.sender} and {after.sender} at once"


@dataclass
class FetcherProcess:
    """One `python -m fetchers serve`."""

    name: str
    process: asyncio.subprocess.Process
    address: str = ""

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def origin() -> AsyncIterator[Witness]:
    async with Witness() as one:
        beating = asyncio.create_task(one.beat())
        try:
            yield one
        finally:
            beating.cancel()


@asynccontextmanager
async def fetcher_process(
    name: str, origin_port: int, zookeeper: str, chroot: str, memcached: str, session_seconds: float
) -> AsyncIterator[FetcherProcess]:
    arguments = [
        *("--port", "0", "--user-agent", f"{name}/1.0", "--resolve", f"*.test=127.0.0.1:{origin_port}"),
        *("--zookeeper", zookeeper, "--chroot", chroot, "--memcached", memcached),
        *("--session-seconds", str(session_seconds), "--per-second", str(RATE), "--burst", str(BURST)),
    ]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fetchers", "serve", *arguments),
        env={**os.environ, "SPIDERDUCK_FETCHERS_TOKEN": "secret"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL if "SPIDERDUCK_TEST_LOGS" not in os.environ else None,
    )
    one = FetcherProcess(name.lower() + "/1.0", process)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30.0)
        one.address = line.decode().split()[-1]
        yield one
    finally:
        await one.end()


async def ask_for_ever(router: Router, domains: Sequence[str], answered: dict[str, float]) -> None:
    """Keep two requests open at every domain; `answered` holds when each domain answered last."""

    async def one(domain: str, lane: int) -> None:
        number = 0
        while True:
            number += 1
            now = time.time()
            result = await router.perform(HopRequest(f"http://{domain}/{lane}/{number}", now + 20, now + 20))
            if isinstance(result, Response):
                answered[domain] = time.monotonic()
            else:
                await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        for domain in domains:
            for lane in range(2):
                group.create_task(one(domain, lane))
