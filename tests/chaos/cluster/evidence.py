"""What is to be judged, gathered after the storm: records, versions and notices.

Between the running cluster and `verdict.py`. Each waits as long as there is progress, and then gives what there is.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from groundwork.clock import SystemClock
from spiderduck.settings.broker import BrokerConfig
from spiderduck.subscriptions.kombu import KombuSubscriptions
from spiderduck.subscriptions.ports import Filter, Subscription
from tests.chaos.cluster.verdict import OPEN

PATIENCE_SECONDS = 60.0
"""Without any progress."""
BATCH = 500
AT_ONCE = 16


async def endings(api: str, urls: Sequence[str], patience: float = PATIENCE_SECONDS) -> dict[str, Mapping[str, Any]]:
    """Records of the URLs, once each has an ending, or none got one for so long."""
    records: dict[str, Mapping[str, Any]] = {}
    waiting, loop = list(dict.fromkeys(urls)), asyncio.get_running_loop()
    progress = loop.time()
    async with httpx.AsyncClient(base_url=api, trust_env=False, timeout=30) as client:
        while waiting and loop.time() - progress < patience:
            before = len(waiting)
            for start in range(0, before, BATCH):
                some = waiting[start : start + BATCH]
                try:
                    answer = await client.post("/v1/urls/batch", json={"urls": some})
                except httpx.TransportError:
                    break  # the last that was killed was the API, and it is on its way up
                if answer.status_code == 200:
                    records |= dict(zip(some, answer.json()["results"], strict=True))
            waiting = [url for url in waiting if url not in records or records[url]["status"] in OPEN]
            if len(waiting) < before:
                progress = loop.time()
            await asyncio.sleep(0.5)
    return records


async def versions(api: str, records: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The ids of all versions of each record's page."""
    pages = {str(record["resolved_url"]): str(record["page_id"]) for record in records.values() if "page_id" in record}
    found: dict[str, list[str]] = {}
    waiting = iter(pages.items())
    async with httpx.AsyncClient(base_url=api, trust_env=False, timeout=30) as client:

        async def ask() -> None:
            for url, page_id in waiting:
                answer = await client.get(f"/v1/pages/{page_id}/history")
                assert answer.status_code == 200, f"{url} has page {page_id}: {answer.text}"
                found[url] = [str(version["page_id"]) for version in answer.json()["versions"]]

        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return found


class Listener:
    """A durable subscriber that is there before the first event."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._another = asyncio.Event()
        self.notices: list[Mapping[str, Any]] = []
        self.heard: dict[tuple[str, str], float] = {}
        """Event and URL → when it was told of first, on the loop's clock."""

    async def run(self) -> None:
        while True:
            received = await self._subscription.receive(500)
            now = asyncio.get_running_loop().time()
            for one in received:
                notice = json.loads(one.body)
                self.notices.append({name: notice.get(name) for name in ("type", "event_id", "subject", "id")})
                self.heard.setdefault((notice.get("event_id"), notice["subject"]), now)
            self._another.set()
            await self._subscription.ack(received[-1].position)

    async def until(self, count: int, patience: float = PATIENCE_SECONDS / 2) -> None:
        """Return when so many events' URLs were told of, or no notice came for so long."""
        while len(self.heard) < count:
            self._another.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._another.wait()
            except TimeoutError:
                return


@asynccontextmanager
async def listening(broker: BrokerConfig) -> AsyncIterator[Listener]:
    """Straight to the broker, past every link that the plan spoils."""
    subscriptions = KombuSubscriptions(broker, SystemClock())
    await subscriptions.create("audit")
    listener = Listener(await subscriptions.open("audit", Filter()))
    running = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await subscriptions.close()
