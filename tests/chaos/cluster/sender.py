"""Who shares: sends events to the API until each was accepted, as a client does that lost its connection (again, with
the same ids), and takes ids from the id service meanwhile.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

AT_ONCE = 20
PAUSE_SECONDS = 0.2
IDS_AT_ONCE = 500


@dataclass
class Sender:
    """`accepted`: event id → its URLs. `urls` gives those of an event. `repeats`: why a request was sent again."""

    api: str
    urls: Callable[[int], Sequence[str]]
    accepted: dict[str, Sequence[str]] = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)

    async def send(self, count: int, seconds: float, first: int = 0) -> None:
        """So many from that number on, spread over about so many seconds."""
        end = first + count
        batches = [range(start, min(start + AT_ONCE, end)) for start in range(first, end, AT_ONCE)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with httpx.AsyncClient(base_url=self.api, trust_env=False, timeout=15) as client:
            for index, numbers in enumerate(batches):
                await asyncio.sleep(began + seconds * index / len(batches) - loop.time())
                await self._until_accepted(client, {f"event-{number}": self.urls(number) for number in numbers})

    async def _until_accepted(self, client: httpx.AsyncClient, events: dict[str, Sequence[str]]) -> None:
        body = [{"id": name, "urls": list(urls)} for name, urls in events.items()]
        while True:
            try:
                answer = await client.post("/v1/events", json=body)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 202:
                self.accepted |= events
                return
            why = "no answer" if answer is None else str(answer.status_code)
            assert answer is None or answer.status_code == 429 or answer.status_code >= 500, answer.text
            self.repeats[why] = self.repeats.get(why, 0) + 1
            await asyncio.sleep(PAUSE_SECONDS)


@dataclass
class IdTaker:
    """Asks until it is cancelled."""

    server: str
    taken: list[str] = field(default_factory=list)

    async def run(self) -> None:
        async with httpx.AsyncClient(base_url=self.server, trust_env=False, timeout=5) as client:
            while True:
                try:
                    answer = await client.get("/v1/ids/batch", params={"count": IDS_AT_ONCE})
                except httpx.HTTPError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    self.taken += answer.json()["ids"]
                await asyncio.sleep(PAUSE_SECONDS)
