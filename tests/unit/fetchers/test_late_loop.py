"""Our own slowness is never a site's failure: time in which our loop stood still is given back."""

import asyncio
import time
from typing import cast

import pytest

from fetchers.body.reading import TimeLimit
from fetchers.config import FetchersConfig
from fetchers.counters import Counters
from fetchers.errors import TimedOut
from fetchers.exchange import Exchanges
from fetchers.model import HopRequest, NotMine, NotNow
from fetchers.politeness.queue import Right
from fetchers.transport.connection import AnswerProtocol
from fetchers.urls import split
from groundwork.clock import SystemClock
from tests.clock import FakeClock
from tests.unit.fetchers.small_web import SmallWeb, ask, page, small_fetcher


def stand_still(seconds: float) -> None:
    """The whole process, as a pause of its machine does."""
    time.sleep(seconds)


async def test_what_came_while_the_loop_stood_still_is_read() -> None:
    """A reading whose time ran out meanwhile finds it, and one to which nothing came ends a moment later."""
    protocol = AnswerProtocol(asyncio.get_running_loop())
    protocol._asked = True
    reading = asyncio.create_task(protocol.read(0.05))
    await asyncio.sleep(0)
    stand_still(0.4)
    asyncio.get_running_loop().call_later(0.01, protocol.data_received, b"late")
    assert await reading == b"late"
    with pytest.raises(TimedOut):
        await protocol.read(0.05)


async def test_a_time_limit_gives_back_what_the_loop_took() -> None:
    limit, came = TimeLimit("a.test", 0.05, 60.0), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_soon(stand_still, 0.4)
    loop.call_later(0.3, came.set)
    with limit:
        await came.wait()
    limit.close()


async def test_a_connection_that_was_late_for_our_sake_is_tried_again() -> None:
    """Not an ending of the URL: it comes back in a moment."""
    clock = FakeClock()
    web = SmallWeb(clock, {"http://a.test/x": TimedOut("no connection", "late")})
    exchanges = Exchanges(web, FetchersConfig(), SystemClock(), Counters())

    class Always:
        idle_seconds = 0.0

        def may_write(self) -> bool:
            return True

        def written(self) -> None: ...

        async def again(self) -> bool:
            return True

    now = time.time()
    request = HopRequest("http://a.test/x", now + 5.0, now + 5.0)
    async with exchanges.open(request, split(request.url), cast(Right, Always())) as (head, _):
        assert isinstance(head, NotMine)


async def test_a_deadline_that_passed_before_anything_was_sent_is_no_time_out() -> None:
    """The clock was set, or this process stood still."""
    async with small_fetcher({"http://a.test/x": page()}) as (fetcher, web, clock):
        await fetcher.perform(ask("http://a.test/x", clock))
        sent = len(web.arrivals)
        result = await fetcher.perform(ask("http://a.test/x", clock, wait=5.0, deadline=-1.0))
        assert isinstance(result, NotNow)
        assert len(web.arrivals) == sent
