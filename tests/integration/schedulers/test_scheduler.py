"""The flow over the embedded queue and store, with a fetching service that answers what the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fetchers.model import Ended, Ending, FetchResult, Hop, HopRequest, NotNow, Response
from schedulers.config import SchedulersConfig
from schedulers.model import Message, Status, UrlState
from schedulers.pipeline import Pipeline
from schedulers.ports import FlowPorts, Knows
from schedulers.record import iso_time, record_of
from schedulers.scheduler import Scheduler
from snowflake import Generator
from snowflake.errors import ClockJumpedForward
from spiderduck.content.extraction import Extraction
from spiderduck.content.warc import WarcArchive
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable
from spiderduck.pictures.archived import ArchivedAnswers
from spiderduck.pictures.measuring import MeasuredPicture
from spiderduck.queues.sqlite import SqliteQueue
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.ports import Filter
from spiderduck.subscriptions.sqlite import NoticeLog
from spiderduck.telemetry import Telemetry
from tests.clock import FakeClock

Outcome = Response | Ended | NotNow | Exception
HTML = (("content-type", "text/html; charset=utf-8"),)


def page(url: str, body: str = "<title>A</title>", status: int = 200, **more: Any) -> Response:
    return Response(url, status, HTML, body.encode(), 1_000_000.0, **more)


@dataclass
class ScriptedFetch:
    """Answers by URL; a list is used up from the front, its last answer stays. `hops` come before the answer."""

    answers: dict[str, list[Outcome]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    promised: list[bool] = field(default_factory=list)
    hang: str = ""
    hanging: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        url, hops = request.url, list[Hop]()
        self.promised.append(request.promised)
        while True:
            self.asked.append(url)
            if url == self.hang:
                await self.hanging.wait()
            target = self.redirects.get(url)
            if target is None:
                break
            hops.append(Hop(url, 301))
            url = target
            if knows is not None and await knows(url):
                return FetchResult(url, tuple(hops), None)
        script = self.answers.get(url, [page(url)])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return FetchResult(url, tuple(hops), answer)


class OnePixel:
    """Takes every picture for one of 3 × 2."""

    async def take(self, url: str, response: Response) -> MeasuredPicture | None:
        return MeasuredPicture(3, 2, "image/png", 68, "#ffffff", "00TSUA") if response.body else None


class Flow:
    """The whole, with what a test asks of it."""

    def __init__(self, queue: SqliteQueue, store: SqliteStore, log: NoticeLog, fetch: ScriptedFetch) -> None:
        self.queue, self.store, self.log, self.fetch = queue, store, log, fetch
        self.heard = 0
        self.clock: FakeClock
        self.pipeline: Pipeline

    async def send(self, *events: dict[str, Any]) -> None:
        await self.queue.publish([Message(msgspec.json.encode(event), event["id"]) for event in events])

    async def until(self, condition: Callable[[], Any]) -> None:
        """Until `condition`, an asynchronous question, says yes."""
        async with asyncio.timeout(10):
            while not await condition():
                await asyncio.sleep(0.001)

    async def idle(self) -> None:
        async def empty() -> bool:
            return (await self.queue.lengths()).ready == 0

        await self.until(empty)

    async def state(self, url: str) -> UrlState:
        found = (await self.store.look_up(url)).state
        assert found is not None
        return found

    async def notices(self) -> list[dict[str, Any]]:
        await self.log.create("all")
        subscription = await self.log.open("all", Filter())
        try:
            async with asyncio.timeout(0.2):
                received = await subscription.receive(500)
        except TimeoutError:
            return []
        finally:
            await subscription.close()
        subscription = await self.log.open("all", Filter())
        await subscription.ack(received[-1].position)
        await subscription.close()
        return [msgspec.json.decode(one.body) for one in received]


@pytest.fixture
async def flow(tmp_path: Path) -> AsyncIterator[Flow]:
    async with AsyncExitStack() as stack:
        clock, fetch = FakeClock(), ScriptedFetch()
        database = Database(tmp_path / "flow.db")
        stack.push_async_callback(database.close)
        archive = WarcArchive(tmp_path / "archive", clock, software="test")
        stack.push_async_callback(archive.close)
        log = NoticeLog(database, clock)
        queue, store = SqliteQueue(database, clock), SqliteStore(database, clock, log.wake)
        ids = Generator(worker_id=1)
        ports = FlowPorts(
            queue, store, archive, ArchivedAnswers(archive), fetch, OnePixel(), Extraction(10**6), ids, clock
        )
        config = SchedulersConfig(in_flight=8)
        pipeline = Pipeline(ports, config, Telemetry())
        schedulers = [Scheduler(queue, pipeline, clock, config) for _ in range(2)]
        running = [asyncio.create_task(one.run()) for one in (queue, *schedulers)]
        made = Flow(queue, store, log, fetch)
        made.clock, made.pipeline = clock, pipeline
        await made.notices()
        yield made
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for scheduler in schedulers:
            await scheduler.drain(1.0)


A = "http://news.test/a"


async def test_an_event_ends_stored_told_and_acknowledged(flow: Flow) -> None:
    await flow.send({"id": "one", "urls": [A, "http://news.test/b", A]})
    await flow.idle()
    assert (await flow.state(A)).status is Status.FETCHED
    assert sorted(one["subject"] for one in await flow.notices()) == [A, "http://news.test/b"]
    assert len(flow.fetch.asked) == 2


async def test_an_unreadable_message_lies_in_the_dead_letters(flow: Flow) -> None:
    await flow.queue.publish([Message(b"no json", "bad")])
    await flow.idle()
    (letter,) = await flow.queue.dead(10)
    assert "unreadable" in letter.reason


@pytest.mark.parametrize("name", ["urls", "text"])
async def test_an_event_of_a_thousand_urls_is_handled_whole_and_a_larger_one_not_at_all(flow: Flow, name: str) -> None:
    """What comes past the API is never cut in silence."""
    urls = [f"http://news.test/{number}" for number in range(1001)]
    fits, beyond = ({name: some if name == "urls" else " ".join(some)} for some in (urls[:1000], urls))
    await flow.queue.publish(
        [Message(msgspec.json.encode(fits), "fits"), Message(msgspec.json.encode(beyond), "beyond")]
    )
    await flow.until(lambda: told(flow, 1000))
    await flow.idle()
    (letter,) = await flow.queue.dead(10)
    assert letter.message.event_id == "beyond"
    assert "1,001 URLs" in letter.reason


async def test_events_without_an_id_are_the_messages_shares(flow: Flow) -> None:
    """Two equal ones are told twice, and one that was finished is not told again when it returns."""
    body = msgspec.json.encode({"urls": [A]})
    await flow.queue.publish([Message(body, "share:1"), Message(body, "share:2")])
    await flow.idle()
    assert sorted(one["event_id"] for one in await flow.notices()) == ["share:1", "share:2"]
    assert (await flow.store.look_up(A, "share:1")).seen


async def test_the_same_id_of_two_kinds_of_senders_is_two_shares(flow: Flow) -> None:
    """Also of one URL. Subscribers are shown the ids as they were sent, and tell the notices apart."""
    tweet = {"id_str": "42", "text": "", "entities": {"urls": [{"expanded_url": A}]}}
    for body in ({"id": 42, "urls": [A]}, tweet, tweet):
        await flow.queue.publish([Message(msgspec.json.encode(body), f"{len(body)}")])
        await flow.idle()
    notices = await flow.notices()
    assert [one["event_id"] for one in notices] == ["42", "42"]
    assert len({one["id"] for one in notices}) == 2


async def test_a_tweet_that_was_put_off_is_the_same_tweet(flow: Flow) -> None:
    """Though only one of its URLs is written down again."""
    urls = [f"http://news.test/{number}?{'x' * 500}" for number in range(20)]
    for url in urls:
        flow.fetch.answers[url] = [NotNow(flow.clock.now() + 500.0, "busy"), page(url)]
    tweet = {"id_str": "42", "text": "", "entities": {"urls": [{"expanded_url": url} for url in urls]}}
    await flow.queue.publish([Message(msgspec.json.encode(tweet), "tweet 42")])
    await flow.idle()
    await flow.clock.advance(501.0)
    notices: list[dict[str, Any]] = []

    async def all_told() -> bool:
        notices.extend(await flow.notices())
        return len(notices) == 20

    await flow.until(all_told)
    assert {one["event_id"] for one in notices} == {"42"}
    for url in urls:
        assert (await flow.store.look_up(url, "tweet 42")).seen


async def test_five_errors_end_as_failed_and_can_be_replayed(flow: Flow) -> None:
    flow.fetch.answers[A] = [RuntimeError("boom")]
    await flow.send({"id": "one", "urls": [A]})

    async def dead() -> bool:
        await flow.clock.advance(60.0)
        return bool(await flow.queue.dead(10))

    await flow.until(dead)
    (letter,) = await flow.queue.dead(10)
    assert "boom" in letter.reason
    assert len(flow.fetch.asked) == 5
    assert (await flow.state(A)).status is Status.FAILED
    (told,) = await flow.notices()
    assert told["outcome"] == "failed"
    assert await flow.queue.replay(None) == 1
    await flow.idle()
    assert await flow.queue.dead(10) == []


class Away(Exception):
    """What an adapter raises while its engine is away."""

    retryable = True


async def test_an_outage_is_waited_out_and_counts_as_no_error(flow: Flow) -> None:
    flow.fetch.answers[A] = [*(Away("the store is away") for _ in range(8)), page(A)]
    await flow.send({"id": "one", "urls": [A]})

    async def ended() -> bool:
        await flow.clock.advance(30.0)
        return (await flow.queue.lengths()).ready == 0

    await flow.until(ended)
    assert (await flow.state(A)).status is Status.FETCHED
    assert await flow.queue.dead(10) == []


async def test_what_was_finished_is_not_done_again_when_its_event_returns(flow: Flow) -> None:
    """One URL of the event raises at first: the other one is fetched and told once."""
    flow.fetch.answers["http://bad.test/"] = [RuntimeError("boom"), page("http://bad.test/")]
    await flow.send({"id": "one", "urls": [A, "http://bad.test/"]})

    async def both() -> bool:
        await flow.clock.advance(5.0)
        return (await flow.queue.lengths()).ready == 0

    await flow.until(both)
    assert flow.fetch.asked.count(A) == 1
    assert len(await flow.notices()) == 2


async def test_a_turn_far_off_is_deferred_and_comes_when_due(flow: Flow) -> None:
    later = flow.clock.now() + 500.0
    flow.fetch.answers[A] = [NotNow(later, "busy"), page(A)]
    await flow.send({"id": "one", "urls": [A, "http://news.test/b"]})
    await flow.idle()
    state = await flow.state(A)
    assert (state.status, state.until) == (Status.DEFERRED, later)
    assert (await flow.queue.lengths()).deferred == 1
    await flow.clock.advance(501.0)

    async def fetched() -> bool:
        return (await flow.state(A)).status is Status.FETCHED

    await flow.until(fetched)
    assert len(await flow.notices()) == 2


async def test_the_record_says_what_a_deferred_url_waits_for(flow: Flow) -> None:
    why = "news.test is paused, since http://news.test/x answered 503"
    flow.fetch.answers[A] = [NotNow(flow.clock.now() + 500.0, why)]
    await flow.send({"id": "one", "urls": [A]})
    await flow.idle()
    record = record_of(await flow.state(A), None)
    assert record.reason == why
    assert record.paused is not None
    assert (record.paused.because, record.paused.until) == (why, iso_time(flow.clock.now() + 500.0))


async def test_equal_urls_wait_for_the_same_turn(flow: Flow) -> None:
    """Ten share what is put off already: nobody asks for further turns, and all are told of one fetch."""
    later = flow.clock.now() + 500.0
    flow.fetch.answers[A] = [NotNow(later, "busy"), page(A)]
    await flow.send({"id": "first", "urls": [A]})
    await flow.idle()
    await flow.send(*({"id": f"event-{number}", "urls": [A]} for number in range(10)))
    await flow.idle()
    assert flow.fetch.asked == [A]
    assert (await flow.queue.lengths()).deferred == 11
    await flow.clock.advance(501.0)

    async def all_told() -> bool:
        await flow.clock.advance(1.0)
        return await told(flow, 11)

    await flow.until(all_told)
    assert flow.fetch.asked == [A, A]


async def test_whoever_was_put_off_says_that_its_turn_is_promised(flow: Flow) -> None:
    flow.fetch.answers[A] = [NotNow(flow.clock.now() + 500.0, "busy"), page(A)]
    await flow.send({"id": "one", "urls": [A]})
    await flow.idle()
    await flow.clock.advance(501.0)
    await flow.until(lambda: told(flow, 1))
    assert flow.fetch.promised == [False, True]


async def test_followers_of_a_url_that_takes_long_hold_no_place(flow: Flow) -> None:
    """Sixteen places, twenty sharers of one page that hangs: another page is understood meanwhile."""
    flow.fetch.hanging = asyncio.Event()
    flow.fetch.hang = A
    await flow.send(*({"id": f"event-{number}", "urls": [A]} for number in range(20)))
    await flow.send({"id": "other", "urls": ["http://other.test/"]})

    async def other() -> bool:
        await flow.clock.advance(1.0)
        return (await flow.store.look_up("http://other.test/", "generic other")).seen

    await flow.until(other)
    assert flow.fetch.asked.count(A) == 1
    flow.fetch.hanging.set()

    async def all_told() -> bool:
        await flow.clock.advance(1.0)
        return await told(flow, 21)

    await flow.until(all_told)
    assert flow.fetch.asked.count(A) == 1


async def test_a_large_event_is_not_written_down_again_for_each_of_its_urls(flow: Flow) -> None:
    urls = [f"http://news.test/{number}?{'x' * 100}" for number in range(60)]
    for url in urls:
        flow.fetch.answers[url] = [NotNow(flow.clock.now() + 500.0, "busy"), page(url)]
    deferred: list[Message] = []
    defer = flow.queue.defer

    async def noting(message: Message, until: float) -> None:
        deferred.append(message)
        await defer(message, until)

    flow.queue.defer = noting  # type: ignore[method-assign]
    await flow.send({"id": "one", "urls": urls})
    await flow.idle()
    assert max(len(message.body) for message in deferred) < 500
    await flow.clock.advance(501.0)
    await flow.until(lambda: told(flow, 60))
    for url in urls:
        assert (await flow.store.look_up(url, "generic one")).seen


async def told(flow: Flow, count: int) -> bool:
    flow.heard += len(await flow.notices())
    return flow.heard >= count


async def test_a_server_that_asks_for_a_pause_is_asked_three_times_more(flow: Flow) -> None:
    flow.fetch.answers[A] = [page(A, status=429, retry_at=flow.clock.now() + 60.0)]
    await flow.send({"id": "one", "urls": [A]})

    async def ended() -> bool:
        await flow.clock.advance(100.0)
        return (await flow.store.look_up(A, "generic one")).seen

    await flow.until(ended)
    state = await flow.state(A)
    assert (state.status, state.status_code) == (Status.HTTP_ERROR, 429)
    assert len(flow.fetch.asked) == 4


async def test_a_pause_longer_than_a_day_ends_at_once(flow: Flow) -> None:
    flow.fetch.answers[A] = [page(A, status=503, retry_at=flow.clock.now() + 90_000.0)]
    await flow.send({"id": "one", "urls": [A]})
    await flow.idle()
    assert (await flow.state(A)).status is Status.HTTP_ERROR


async def test_a_known_target_ends_the_chain(flow: Flow) -> None:
    flow.fetch.redirects["http://s.test/x"] = A
    await flow.send({"id": "one", "urls": [A]})
    await flow.idle()
    await flow.send({"id": "two", "urls": ["http://s.test/x"]})
    await flow.idle()
    assert flow.fetch.asked == [A, "http://s.test/x"]
    assert (await flow.state("http://s.test/x")).page_id == (await flow.state(A)).page_id
    assert [one["outcome"] for one in await flow.notices()] == ["fetched", "reused"]


async def test_two_urls_that_redirect_to_one_another_come_to_an_end(flow: Flow) -> None:
    x, y = "http://s.test/x", "http://s.test/y"
    flow.fetch.answers |= {x: [Ended(Ending.REDIRECT_LOOP, "circle")], y: [Ended(Ending.REDIRECT_LOOP, "circle")]}
    await flow.send({"id": "one", "urls": [x, y]})
    await flow.idle()
    assert {(await flow.state(url)).status for url in (x, y)} == {Status.REDIRECT_LOOP}


async def test_a_page_s_picture_is_measured_afterwards(flow: Flow) -> None:
    image = "http://pics.test/a.png"
    flow.fetch.answers[A] = [page(A, f'<meta property="og:image" content="{image}"><title>A</title>')]
    flow.fetch.answers[image] = [page(image, "picture")]
    await flow.send({"id": "one", "urls": [A]})
    await flow.idle()
    told = await flow.notices()
    assert [one["type"] for one in told] == ["spiderduck.url.processed", "spiderduck.url.updated"]
    facts = {"width": 3, "height": 2, "type": "image/png", "bytes": 68, "colour": "#ffffff", "blurhash": "00TSUA"}
    assert told[1]["data"]["metadata"]["image"] == {"url": image, **facts}


async def test_a_picture_that_was_shared_by_itself_is_asked_for_once(flow: Flow) -> None:
    """Also behind a short link; what it is measured by lies in the archive."""
    image, short = "http://pics.test/a.png", "http://s.test/p"
    flow.fetch.redirects[short] = image
    flow.fetch.answers[image] = [Response(image, 200, (("content-type", "image/png"),), b"picture", 1_000_000.0)]
    await flow.send({"id": "one", "urls": [short]})
    await flow.idle()
    told = await flow.notices()
    assert [one["type"] for one in told] == ["spiderduck.url.processed", "spiderduck.url.updated"]
    assert told[1]["data"]["metadata"]["image"]["blurhash"] == "00TSUA"
    assert flow.fetch.asked == [short, image]


async def test_a_picture_that_cannot_be_had_is_no_error(flow: Flow) -> None:
    image = "http://pics.test/a.png"
    flow.fetch.answers[A] = [page(A, f'<meta property="og:image" content="{image}"><title>A</title>')]
    flow.fetch.answers[image] = [Ended(Ending.TIMED_OUT, "slow")]
    await flow.send({"id": "one", "urls": [A]})
    await flow.idle()
    assert len(await flow.notices()) == 1
    assert await flow.queue.dead(10) == []


async def test_an_outage_behind_the_fetch_is_waited_out_without_another_fetch(flow: Flow) -> None:
    """No id, no archive, no store: the page that is there waits, and its site is not asked again."""
    archive, store = flow.pipeline._ports.archive, flow.pipeline._ports.store
    refused: list[str] = []

    def refusing(target: object, name: str, error: Exception) -> None:
        method, left = getattr(target, name), [error] * 4

        async def call(*args: Any) -> Any:
            if left:
                refused.append(name)
                raise left.pop()
            return await method(*args)

        setattr(target, name, call)

    refusing(archive, "append", ClockJumpedForward(120_000, 60_000))
    refusing(store, "complete", StoreUnavailable("the disk is full"))
    await flow.send({"id": "one", "urls": [A]})

    async def later() -> bool:
        await flow.clock.advance(31.0)
        return (await flow.queue.lengths()).ready == 0

    await flow.until(later)
    assert (await flow.state(A)).status is Status.FETCHED
    assert (flow.fetch.asked, refused) == ([A], ["append"] * 4 + ["complete"] * 4)
    assert await flow.queue.dead(10) == []
