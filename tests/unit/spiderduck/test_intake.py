"""Taking events in, and look-ups that schedule: only what somebody will work on is said to be on its way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.datastructures import Headers

from schedulers.events import INLINE_BYTES, Sharers
from schedulers.model import Change, Status, UrlState
from schedulers.notice import Notice
from spiderduck.api.front.keys import CALLER
from spiderduck.api.sharing.idempotency import KeyReused, claim_of
from spiderduck.api.sharing.intake import BULK, MARKS_AT_ONCE, AcceptedEvents, Intake
from spiderduck.api.urls.asking import STALE_SECONDS
from spiderduck.api.urls.lookups import lookup_routes
from spiderduck.config import Config
from spiderduck.database.sqlite import Database
from spiderduck.keyring import Key, digest_of
from spiderduck.lists.watching import Lists
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.stores.sqlite import SqliteStore
from tests.clock import FakeClock

GONE = "http://gone.test/"


@dataclass
class Desk:
    """The intake over the embedded queue and store; nobody works on what is queued."""

    services: Any
    intake: Intake
    store: SqliteStore
    clock: FakeClock

    async def take(self, *events: object, key: str | None = None) -> AcceptedEvents:
        body = msgspec.json.encode(events)
        return await self.intake.take(body, "application/json", await self.claim(key, body))

    async def claim(self, key: str | None, body: bytes, caller: object = None) -> Any:
        headers = Headers({} if key is None else {"idempotency-key": key})
        request: Any = SimpleNamespace(headers=headers, scope={"state": {CALLER: caller}})
        return await claim_of(request, body, self.store)

    async def status(self, url: str) -> str | None:
        state = (await self.store.look_up(url)).state
        return None if state is None else state.status.value

    async def queued(self) -> int:
        return (await self.services.queue.lengths()).ready


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database, clock = Database(tmp_path / "data.db"), FakeClock()
    store, queue = SqliteStore(database, clock, lambda: None), SqliteQueue(database, clock)
    services: Any = SimpleNamespace(
        config=Config(),
        shares=None,
        clock=clock,
        queue=queue,
        marks=store,
        lookups=store,
        subscriptions=None,
        lists=Lists(clock),
        archive=None,
        reader=None,
        sharers=Sharers(b"a key of the tests"),
    )
    yield Desk(services, Intake(services), store, clock)
    await database.close()


def shared(identity: str, *urls: str) -> dict[str, object]:
    return {"id": identity, "urls": urls}


async def test_the_urls_of_an_event_that_was_known_are_not_pending(desk: Desk) -> None:
    await desk.take(shared("one", "http://first.test/"))
    again = await desk.take(shared("one", GONE), shared("two", "http://second.test/"))
    assert (again.accepted, again.ids) == (1, ["one", "two"])
    assert await desk.status(GONE) is None
    assert await desk.status("http://first.test/") == await desk.status("http://second.test/") == "pending"


async def test_nor_where_one_request_names_an_event_twice(desk: Desk) -> None:
    taken = await desk.take(shared("one", "http://first.test/"), shared("one", GONE))
    assert (taken.accepted, await desk.queued()) == (1, 1)
    assert await desk.status(GONE) is None
    assert await desk.status("http://first.test/") == "pending"


async def test_nor_in_the_bulk_lane(desk: Desk) -> None:
    many = [shared(f"bulk {number}", f"http://many.test/{number}") for number in range(BULK + 1)]
    await desk.take(*many, shared("bulk 0", GONE))
    assert await desk.status(GONE) is None
    assert await desk.status(f"http://many.test/{BULK}") == "pending"
    await desk.take(*(shared(f"bulk {number}", f"http://late.test/{number}") for number in range(BULK + 1)))
    assert await desk.status("http://late.test/0") is None


async def test_nor_where_the_key_came_with_another_body(desk: Desk) -> None:
    await desk.take({"urls": ["http://first.test/"]}, key="job")
    with pytest.raises(KeyReused):
        await desk.take({"urls": [GONE]}, key="job")
    assert await desk.status(GONE) is None


async def test_nor_where_the_queue_takes_nothing(desk: Desk) -> None:
    async def full(*_: object, **__: object) -> None:
        raise OSError("full")

    desk.services.queue.publish = full
    with pytest.raises(OSError, match="full"):
        await desk.take(shared("one", GONE))
    assert await desk.status(GONE) is None


@pytest.mark.parametrize("size", [0, INLINE_BYTES + 1])
async def test_of_requests_with_one_key_at_one_moment_one_body_wins(desk: Desk, size: int) -> None:
    """Whoever loses is told, and may send its body under another key."""
    texts = [f"{number} {'x' * size} http://race.test/{number}" for number in range(5)]
    results = await asyncio.gather(*(desk.take({"text": text}, key="k") for text in texts), return_exceptions=True)
    won = [number for number, result in enumerate(results) if isinstance(result, AcceptedEvents)]
    assert len(won) == 1
    assert [type(result) for number, result in enumerate(results) if number not in won] == [KeyReused] * 4
    assert await desk.queued() == 1
    for number in range(5):
        assert await desk.status(f"http://race.test/{number}") == ("pending" if number in won else None)


async def test_the_same_body_at_one_moment_is_one_share(desk: Desk) -> None:
    results = await asyncio.gather(*(desk.take({"text": "http://a.test/"}, key="k") for _ in range(5)))
    assert sorted(result.accepted for result in results) == [0, 0, 0, 0, 1]
    assert len({tuple(result.ids) for result in results}) == 1


async def test_callers_with_keys_that_begin_alike_have_keys_of_their_own(desk: Desk) -> None:
    def caller(key: str) -> Key:
        return Key(f"{key[:8]}…", digest_of(key), key[:8], ("write",))

    one = await desk.claim("job", b"1", caller("production-1"))
    other = await desk.claim("job", b"2", caller("production-2"))
    assert one.name != other.name
    await one.remember()
    await other.remember()
    with pytest.raises(KeyReused):
        await (await desk.claim("job", b"2", caller("production-1"))).remember()


async def look_up(desk: Desk, url: str) -> str:
    transport = httpx.ASGITransport(Litestar(lookup_routes(desk.services), openapi_config=None))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post("/v1/urls/batch", json={"urls": [url], "schedule": True})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["results"][0]["status"])


@pytest.fixture
def everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spiderduck.api.urls.lookups.guard_of", lambda _: SimpleNamespace(require=lambda *_: None))


@pytest.mark.usefixtures("everybody")
async def test_a_url_that_was_pending_for_long_is_sent_in_again(desk: Desk) -> None:
    """Once in a while, however often it is asked for."""
    await desk.store.mark(UrlState(GONE, GONE, Status.PENDING))
    for passes, queued in ((0, 0), (STALE_SECONDS + 1, 1), (0, 1), (STALE_SECONDS + 1, 2)):
        await desk.clock.advance(passes)
        assert await look_up(desk, GONE) == "pending"
        assert await desk.queued() == queued


@pytest.mark.usefixtures("everybody")
@pytest.mark.parametrize("status", [Status.FETCHED, Status.HTTP_ERROR, Status.DEFERRED])
async def test_what_ended_or_waits_for_its_turn_is_not(desk: Desk, status: Status) -> None:
    state = UrlState(GONE, GONE, status)
    await desk.store.complete("e", GONE, Change((state,)), Notice("n", "", GONE, "", "", "", b""))
    await desk.clock.advance(STALE_SECONDS + 1)
    assert await look_up(desk, GONE) == status.value
    assert await desk.queued() == 0


async def test_each_event_is_told_what_was_found_in_it(desk: Desk) -> None:
    taken = await desk.take(
        {"id": "one", "text": "HTTP://Duck.test/a and http://duck.test/a#b, then duck.com/c"},
        {"id": "two", "text": "no link at all"},
        {"id": "three", "urls": ["http://[", "http://duck.test/d"]},
        {"id": "four", "text": "ftp://ann:hunter2@files.test/a, http://duck.com/e and http://["},
    )
    one, two, three, four = taken.events or ()
    assert (one.id, one.links) == ("one", ["http://duck.test/a", "http://duck.com/c"])
    assert [(each.text, "http://duck.test/a" in each.reason) for each in one.ignored] == [
        ("http://duck.test/a#b", True)
    ]
    assert (two.links, two.ignored) == ([], [])
    assert three.links == ["http://duck.test/d"]
    assert [each.text for each in three.ignored] == ["http://["]
    assert four.links == ["http://duck.com/e"]
    assert [each.text for each in four.ignored] == ["ftp://files.test/a", "http://["]
    assert taken.accepted == 4


async def test_what_is_told_of_an_event_holds_no_user_information(desk: Desk) -> None:
    taken = await desk.take({"urls": ["http://name:secret@duck.test/", "http://name:secret@["]})
    (event,) = taken.events or ()
    assert "secret" not in str(event)


async def test_what_was_found_is_told_of_a_thousand_events_at_the_most(desk: Desk) -> None:
    events = [{"text": "http://duck.test/"}] * 1000
    assert len((await desk.take(*events)).events or ()) == 1000
    assert (await desk.take(*events, events[0])).events is None


class SlowMarks:
    """A store in which a mark takes until others are on their way too."""

    def __init__(self) -> None:
        self.under_way = self.most = self.done = 0
        self.together = asyncio.Event()

    async def mark(self, state: UrlState) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way > 1:
            self.together.set()
        await self.together.wait()
        self.under_way -= 1
        self.done += 1


async def test_the_urls_of_a_large_request_are_marked_side_by_side_and_some_at_a_time(desk: Desk) -> None:
    marks = desk.services.marks = SlowMarks()
    async with asyncio.timeout(10):
        await desk.take(*({"id": str(number), "urls": [f"http://a.test/{number}"]} for number in range(300)))
    assert marks.done == 300
    assert 1 < marks.most <= MARKS_AT_ONCE
