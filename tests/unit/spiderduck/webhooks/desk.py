"""A process with webhooks over the embedded store, for tests: receivers answer as they are told, and a clock is moved
by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import msgspec

from fetchers.body.chunks import NO_CHUNKS, Chunks
from fetchers.config import Network
from fetchers.model import Headers, HopRequest, HopResult, Response
from schedulers.model import Change
from schedulers.notice import Notice
from spiderduck.audit import AuditEntry, FileAudit
from spiderduck.database.sqlite import Database, Value, Work
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.sqlite import NoticeLog
from spiderduck.webhooks.administration import AdminParts, Webhooks
from spiderduck.webhooks.attempts import AGAIN_SECONDS, CourierParts
from spiderduck.webhooks.dispatcher import LOOK_SECONDS, Dispatcher
from spiderduck.webhooks.model import Delivery, Webhook
from spiderduck.webhooks.sender import Sender
from spiderduck.webhooks.sqlite import SqliteWebhooks
from spiderduck.webhooks.vault import Vault
from tests.clock import FakeClock, settle

PAUSES = (5.0, 20.0, 40.0)
OK, DOWN = 200, 500
STEPS = 100
PATIENCE = 500
Says = int | HopResult | Callable[[HopRequest], int]


class Web:
    """Receivers by URL: a status, whatever a fetcher gives instead, or a function of the request."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.says: dict[str, Says] = {}
        self.headers: Headers = ()
        self.slow: dict[str, asyncio.Event] = {}
        self.requests: list[HopRequest] = []

    @asynccontextmanager
    async def open_hop(self, request: HopRequest) -> AsyncIterator[tuple[HopResult, Chunks]]:
        self.requests.append(request)
        if (gate := self.slow.get(request.url)) is not None:
            await gate.wait()
        said = self.says.get(request.url, OK)
        if callable(said):
            said = said(request)
        if isinstance(said, int):
            said = Response(request.url, said, self.headers, b"", self.clock.now())
        yield said, NO_CHUNKS

    def ids(self, url: str) -> list[str]:
        return [header(one, "webhook-id") for one in self.requests if one.url == url]


def header(request: HopRequest, name: str) -> str:
    assert request.post is not None
    return dict(request.post.headers)[name]


class WatchedDatabase(Database):
    """Tells when nothing is under way in its threads. `refused`: why it did not answer lately; a busy machine makes
    SQLite give up now and then, and then couriers try again in a while."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.refused: StoreUnavailable | None = None
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def write(self, work: Work[Value]) -> Value:
        with self._counted():
            return await super().write(work)

    async def read(self, work: Work[Value]) -> Value:
        with self._counted():
            return await super().read(work)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        except StoreUnavailable as error:
            self.refused = error
            raise
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def quiet(self) -> None:
        """Until nothing can happen but by the clock, or from outside."""
        await settle(100)
        while self._under_way:
            await self._idle.wait()
            await settle(100)


class NotedAudit(FileAudit):
    """Tells when an entry is on the disk."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.noted = asyncio.Event()

    async def note(self, entry: AuditEntry) -> None:
        await super().note(entry)
        self.noted.set()


class Desk:
    """A process with webhooks, which `restart` kills."""

    def __init__(self, folder: Path, clock: FakeClock, web: Web) -> None:
        self._folder = folder
        self.clock = clock
        self.web = web
        self.vault = Vault(("a key of sixteen letters",))

    async def start(self) -> None:
        self.database = WatchedDatabase(self._folder / "spiderduck.db")
        self.notices = NoticeLog(self.database, self.clock)
        self.store = SqliteWebhooks(self.database)
        self.audit = NotedAudit(self._folder / "audit.jsonl")
        self._flow = SqliteStore(self.database, self.clock, self.notices.wake)
        sender = Sender(self.web.open_hop, self.vault, self.clock)
        parts = CourierParts(self.notices, self.store, sender, self.clock, Random(1), PAUSES)
        self.dispatcher = Dispatcher(self.store, parts, self.audit, self.clock)
        admin = AdminParts(
            self.store, self.notices, self.vault, sender, Network(), self.clock, 10, self.dispatcher.wake
        )
        self.webhooks = Webhooks(admin)
        self._running = asyncio.create_task(self.dispatcher.run())

    async def stop(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.database.close()

    async def restart(self) -> None:
        """What was under way is forgotten, as by kill -9; the file stays."""
        await self.stop()
        await self.start()

    async def tell(self, *names: str, host: str = "news.test", type: str = "spiderduck.url.processed") -> None:
        for name in names:
            body = msgspec.json.encode({"id": name, "type": type})
            told = Notice(name, type, f"http://{host}/", host, "fetched", "fetched", body)
            await self._flow.complete(name, name, Change(), told)

    async def quiet(self) -> None:
        """Until nothing can happen but by the clock, or from outside."""
        await self.database.quiet()
        while self.database.refused is not None:
            self.database.refused = None
            await self.clock.advance(AGAIN_SECONDS)
            await self.database.quiet()

    async def pass_time(self, seconds: float) -> None:
        """In steps, and whatever happens at each comes to its end before the next: the threads of the database know
        nothing of this clock."""
        goal = self.clock.monotonic() + seconds
        await self.quiet()
        while (left := goal - self.clock.monotonic()) > 0:
            await self.clock.advance(min(left, LOOK_SECONDS / 2))
            await self.quiet()

    async def until(self, is_so: Callable[[], bool], seconds: float = 0.0) -> None:
        """Let things happen, for `seconds` of the clock's time at the most, until it is so."""
        await self.quiet()
        for _ in range(STEPS):
            if is_so() or not seconds:
                break
            await self.pass_time(seconds / STEPS)
        for _ in range(PATIENCE):
            if is_so():
                break
            await asyncio.sleep(0.01)  # a busy machine: threads of which nobody tells
            await self.quiet()
        assert is_so(), [one.url for one in self.web.requests]

    async def sent(self, count: int, seconds: float = 0.0) -> None:
        await self.until(lambda: len(self.web.requests) == count, seconds)

    async def delivery(self, webhook: Webhook, identity: str) -> Delivery:
        await self.quiet()
        found = await self.store.find(webhook.id, identity)
        assert found is not None
        return found

    async def state(self, webhook: Webhook, identity: str) -> str | None:
        await self.quiet()
        found = await self.store.find(webhook.id, identity)
        return None if found is None else found.status


def url(name: str) -> str:
    return f"https://hooks.example/{name}"


async def made(desk: Desk, name: str, **wish: tuple[str, ...]) -> tuple[Webhook, str]:
    return await desk.webhooks.create(url(name), wish.get("types", ()), wish.get("domains", ()))
