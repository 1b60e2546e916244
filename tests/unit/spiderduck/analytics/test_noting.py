"""Which requests are noted for the rows, and that each is told once, whatever the store does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from fetchers.body.chunks import NO_CHUNKS, Chunks
from fetchers.model import Asked, Ended, Ending, HopRequest, HopResult, NotNow, Post, Response, Timings
from schedulers.notice import REQUESTED, Notice
from spiderduck.analytics.noting import GATHER_SECONDS, RETRY_SECONDS, Noting, noted_in
from spiderduck.analytics.rows import fetch_rows, told_in
from spiderduck.errors import StoreUnavailable
from tests.clock import FakeClock

NOW = 1_800_000_000.0
URL = "http://cdn.test/p.png"
PICTURE = HopRequest(URL, NOW, NOW, purpose="picture")
TIMINGS = Timings(waited=0.5, dns=0.001, connect=0.002, first_byte=0.03)


def answer(status: int = 200, *headers: tuple[str, str], beside: tuple[Asked, ...] = ()) -> Response:
    kind = (("content-type", "image/png; x=y"), *headers)
    return Response(URL, status, kind, b"12345", NOW, elapsed=0.05, timings=TIMINGS, beside=beside)


class Announcing:
    """Notes what is told; `away` for so many times."""

    def __init__(self, away: int = 0) -> None:
        self.told: list[Notice] = []
        self.away = away

    async def tell(self, notices: Sequence[Notice]) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.told += notices


@pytest.mark.parametrize(
    ("request_", "head", "kinds"),
    [
        (PICTURE, answer(), ["picture"]),
        (PICTURE, answer(404), ["picture"]),
        (PICTURE, Ended(Ending.TIMED_OUT, "slow"), ["picture"]),
        (PICTURE, NotNow(NOW, "later"), []),
        (HopRequest(URL, NOW, NOW, purpose="direct"), answer(302, ("location", "/x")), ["direct"]),
        (HopRequest(URL, NOW, NOW, accept="application/json"), answer(), ["other"]),
        (HopRequest(URL, NOW, NOW), answer(), []),
        (HopRequest(URL, NOW, NOW), answer(503), ["page"]),
        (HopRequest(URL, NOW, NOW), answer(beside=(Asked("http://a.test/robots.txt", NOW, "404"),)), ["robots"]),
        (
            PICTURE,
            Ended(Ending.ROBOTS_DENIED, "no", beside=(Asked("http://a.test/robots.txt", NOW, "503"),)),
            ["robots", "picture"],
        ),
    ],
)
def test_what_no_other_notice_tells_of_is_noted(request_: HopRequest, head: HopResult, kinds: list[str]) -> None:
    """A page's own notice tells of it; what was put off was no request."""
    assert [one.kind for one in noted_in(request_, head, NO_CHUNKS, NOW)] == kinds


async def noted(noting: Noting, *requests: tuple[HopRequest, HopResult]) -> None:
    for request, head in requests:

        @asynccontextmanager
        async def open_hop(_: HopRequest, head: HopResult = head) -> AsyncIterator[tuple[HopResult, Chunks]]:
            yield head, NO_CHUNKS

        async with noting.around(open_hop)(request) as (found, _):
            assert found is head


async def test_a_row_is_made_of_what_was_noted() -> None:
    """Also where the store is away at first; a webhook's POST is no fetch."""
    announcing, clock = Announcing(away=1), FakeClock(NOW)
    noting = Noting(announcing, clock)
    running = asyncio.create_task(noting.run())
    robots = Asked("http://cdn.test/robots.txt", NOW - 1, "200", 0.02, TIMINGS, 77)
    hook = HopRequest(URL, NOW, NOW, purpose="webhook", post=Post(b"{}", ()))
    await noted(noting, (PICTURE, answer(beside=(robots,))), (hook, answer()))
    await clock.advance(GATHER_SECONDS)
    assert announcing.told == []
    await clock.advance(RETRY_SECONDS + GATHER_SECONDS)
    assert [one.type for one in announcing.told] == [REQUESTED] * 2
    rows = [row for one in announcing.told if (told := told_in(one.body)) for row in fetch_rows(told, None, None)]
    assert [(row["kind"], row["url"], row["fetch_status"], row["content_length"]) for row in rows] == [
        ("robots", "http://cdn.test/robots.txt", 200, 77),
        ("picture", URL, 200, 5),
    ]
    assert (rows[1]["waited_ms"], rows[1]["connect_ms"], rows[1]["body_ms"]) == (500, 2, 17)
    assert rows[1]["content_mime_detected"] == "image/png"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_waits_is_told_at_the_end() -> None:
    announcing = Announcing()
    noting = Noting(announcing, FakeClock(NOW))
    running = asyncio.create_task(noting.run())
    await asyncio.sleep(0)
    await noted(noting, (PICTURE, answer()))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(announcing.told) == 1
