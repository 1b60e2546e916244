"""Domains that hang and domains that answer share the connections, so that neither keeps the other waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

import httpx
import pytest

from fetchers.building import Adapters, build_fetcher
from fetchers.config import Queues
from fetchers.errors import TimedOut
from fetchers.model import Ended, Ending, HopRequest, NotNow
from fetchers.politeness.places import PATIENCE_SECONDS, Place, Places
from fetchers.ports import TransportAnswer, TransportRequest
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from tests.clock import FakeClock, settle
from tests.unit.fetchers.small_web import FAST, transport_answer

HANGS = 15.0


@dataclass
class HalfTheWeb:
    """Hosts that begin with `hang` never answer; the others take a fifth of a second."""

    clock: FakeClock
    asked: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, request: TransportRequest) -> AsyncIterator[TransportAnswer]:
        request.right.written()
        self.asked.append(request.parts.host)
        if request.parts.host.startswith("hang"):
            await self.clock.sleep(HANGS)
            raise TimedOut("it sent nothing", "read")
        await self.clock.sleep(0.2)
        yield transport_answer(httpx.Response(200, headers={"content-type": "text/html"}, content=b"<p>hello"))


async def test_thousands_of_hanging_domains_keep_fifty_good_ones_waiting_for_seconds() -> None:
    """The good ones come last, behind all of them; without shares it would be one and a half minutes. The others end by
    themselves."""
    clock = FakeClock()
    web = HalfTheWeb(clock)
    config = replace(FAST, queues=Queues(sweep_seconds=86_400.0, connections=512))
    adapters = Adapters(web, MemoryHostStates(), NoSharedCache(), clock=clock, random=Random(1))
    fetcher = build_fetcher(config, adapters)
    running = asyncio.create_task(fetcher.run())
    places = asyncio.Semaphore(512)  # a scheduler's places in flight
    ended: dict[str, float] = {}
    endings: dict[str, int] = {"timed_out": 0}

    async def one(host: str) -> None:
        while True:
            async with places:
                now = clock.now()
                result = await fetcher.perform(HopRequest(f"http://{host}/robots.txt", now + 2.0, now + 300.0))
            if not isinstance(result, NotNow):
                ended[host] = clock.now()
                if isinstance(result, Ended) and result.ending is Ending.TIMED_OUT:
                    endings["timed_out"] += 1
                return
            await clock.sleep(max(result.until - clock.now(), 0.01))

    began = clock.now()
    hanging = [asyncio.create_task(one(f"hang{number}.test")) for number in range(3500)]
    await settle(5)
    good = [asyncio.create_task(one(f"good{number}.test")) for number in range(50)]
    while not all(task.done() for task in good):
        await clock.advance(1.0)
    slowest = max(moment for host, moment in ended.items() if host.startswith("good")) - began
    assert slowest < 60.0
    for _ in range(3):
        await clock.advance(20.0)
    assert fetcher.places.given_way > 1000
    assert fetcher.places.used <= 512
    assert endings["timed_out"] > 0, "who gave way gets all the time of the limits in the end"
    for task in (running, *hanging):
        task.cancel()
    await asyncio.gather(running, *hanging, return_exceptions=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_a_slow_domain_never_waits_for_a_place_and_each_gets_a_moment_of_its_own(clock: FakeClock) -> None:
    places = Places(8, clock)  # two of them for slow domains
    for number in range(5):
        places.learn(f"slow{number}.test", answered=False)
    held = [places.place(f"slow{number}.test") for number in range(5)]
    got = [await place.__aenter__() for place in held]
    assert [isinstance(one, Place) for one in got] == [True, True, False, False, False]
    untils = [one.until for one in got if isinstance(one, NotNow)]
    assert untils == sorted(set(untils))
    assert isinstance(await places.place("good.test").__aenter__(), Place)
    places.learn("slow4.test", answered=True)
    assert isinstance(await places.place("slow4.test").__aenter__(), Place)


async def test_whoever_leaves_while_it_waits_leaves_no_place_behind(clock: FakeClock) -> None:
    places = Places(1, clock)
    first = places.place("a.test")
    await first.__aenter__()
    waiting = [asyncio.create_task(places.place(f"{number}.test").__aenter__()) for number in range(3)]
    await settle()
    waiting[0].cancel()
    await first.__aexit__(None, None, None)
    waiting[1].cancel()  # in the moment in which the place comes to it
    await settle()
    assert waiting[2].done()
    assert (places.used, places.waiting) == (1, 0)


async def test_a_domain_that_answered_lately_does_not_give_way(clock: FakeClock) -> None:
    """Its slow page may take as long as the limits allow."""
    places = Places(4, clock)
    running = asyncio.create_task(places.run())
    places.learn("known.test", answered=True)
    gate = asyncio.Event()

    async def waits(domain: str) -> object:
        async with places.place(domain) as place:
            assert isinstance(place, Place)
            return await place.head_of(gate.wait())

    tasks = [asyncio.create_task(waits(name)) for name in ("known.test", "b.test", "c.test", "d.test")]
    await clock.advance(PATIENCE_SECONDS + 1.0)
    await settle(30)
    await clock.advance(1.0)
    assert [task.done() for task in tasks] == [False, True, True, True]
    gate.set()
    await asyncio.gather(*tasks)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
