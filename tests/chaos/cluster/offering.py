"""Who offers more than can be done: events at random moments (Poisson), sent whether earlier ones were answered or not.

Beside `sender.py`, which waits. What is refused or not answered was not accepted, and nobody promised anything for it.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import aiohttp

TOGETHER = 25
"""Events in one request, as a service sends them that has many."""


def moments(random: Random, per_second: float, seconds: float) -> Iterator[float]:
    """Arrivals of a Poisson process: seconds after its start."""
    at = random.expovariate(per_second)
    while at < seconds:
        yield at
        at += random.expovariate(per_second)


@dataclass
class Offering:
    """`accepted`: event id → its URL; `sent_at`: when, on the loop's clock. Numbers go on from phase to phase."""

    api: str
    url: Callable[[int], str]
    random: Random
    accepted: dict[str, str] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    offered: int = 0
    refused: int = 0

    async def offer(self, per_second: float, seconds: float, together: int = TOGETHER) -> None:
        """Send so many events a second for so long, and wait for the last answers."""
        loop = asyncio.get_running_loop()
        async with (
            aiohttp.ClientSession(self.api, timeout=aiohttp.ClientTimeout(60)) as client,
            asyncio.TaskGroup() as group,
        ):
            began = loop.time()
            for at in moments(self.random, per_second / together, seconds):
                await asyncio.sleep(began + at - loop.time())
                numbers = range(self.offered, self.offered + together)
                self.offered += together
                group.create_task(self._send(client, numbers))

    async def _send(self, client: aiohttp.ClientSession, numbers: Sequence[int]) -> None:
        events = {f"event-{number}": self.url(number) for number in numbers}
        sent = asyncio.get_running_loop().time()
        try:
            body = [{"id": name, "urls": [url]} for name, url in events.items()]
            async with client.post("/v1/events", json=body) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        if status != 202:
            self.refused += len(events)
            return
        self.accepted |= events
        self.sent_at |= dict.fromkeys(events, sent)
