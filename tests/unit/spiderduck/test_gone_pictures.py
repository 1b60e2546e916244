"""An image process without a store learns from the API which pictures are gone, forgets them, and asks before it serves
one."""

from typing import Any

import httpx
import pytest

from spiderduck.database.picture_index import picture_key
from spiderduck.lists.watching import Lists
from spiderduck.pictures.access import RecordsOfApi
from spiderduck.pictures.purging import PipelineCaches
from spiderduck.takedowns.remote import AGAIN_SECONDS, FollowingApi
from tests.clock import FakeClock

GONE, STAYS = "http://pictures.test/gone.png", "http://pictures.test/stays.png"


class Api:
    """Says what is gone, and whether a picture is withheld."""

    def __init__(self) -> None:
        self.revision, self.gone = "", list[str]()
        self.is_away = False
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.is_away:
            raise httpx.ConnectError("away")
        if request.url.path == "/v1/pictures":
            return httpx.Response(200, json={"owned": True, "withheld": "it was taken down" if self.gone else None})
        if request.url.params["known"] == self.revision:
            return httpx.Response(200, json={"revision": self.revision})
        return httpx.Response(200, json={"revision": self.revision, "pictures": self.gone})

    def take_down(self, *urls: str) -> None:
        self.revision += "1"
        self.gone = [key.hex() for url in urls if (key := picture_key(url)) is not None]


class Kept:
    """Caches that are told what to forget."""

    def __init__(self) -> None:
        self.purged: list[frozenset[bytes]] = []

    async def purge_keys(self, keys: frozenset[bytes]) -> None:
        self.purged.append(keys)


async def test_what_is_gone_is_forgotten_once_and_once_more_a_minute_later() -> None:
    api, clock, kept = Api(), FakeClock(), Kept()
    lists = Lists(clock)
    async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as http:
        following = FollowingApi("http://api.test", http, lists.takedowns, kept, clock)
        records = RecordsOfApi("http://api.test", http, clock, lists)
        await following.look()
        assert await records.withheld(GONE) is None
        assert api.asked == ["/v1/pictures/gone"], "nobody is asked of pictures while nothing is a reason to"
        assert await records.owns(GONE)
        api.take_down(GONE)
        await following.look()
        assert kept.purged == [{picture_key(GONE)}]
        assert await records.withheld(GONE) == "it was taken down", "what was remembered before is asked again"
        assert await records.withheld(STAYS) is None
        await following.look()
        assert len(kept.purged) == 1
        await clock.advance(AGAIN_SECONDS)
        await following.look()
        await following.look()
        assert len(kept.purged) == 2
        api.take_down()
        await following.look()
        assert await records.withheld(GONE) is None


async def test_an_api_that_is_away_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    api, clock, kept = Api(), FakeClock(), Kept()
    lists = Lists(clock)
    async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as http:
        following = FollowingApi("http://api.test", http, lists.takedowns, kept, clock)
        api.take_down(GONE)
        await following.look()
        api.is_away = True
        await following.look()
        await following.look()
    assert lists.takedowns.showed(GONE)
    assert len([one for one in caplog.records if one.name.startswith("spiderduck")]) == 1


class Admin:
    """Of a pipeline that holds two pictures."""

    def __init__(self) -> None:
        self.held = {GONE, STAYS}

    def identifiers(self) -> set[str]:
        return set(self.held)

    async def purge(self, src: str) -> bool:
        self.held.discard(src)
        return True


class OnePipeline:
    def __init__(self) -> None:
        self.admin = Admin()


@pytest.mark.parametrize(
    "spelling", [GONE, "HTTP://Pictures.test:80/gone.png#x", "http://u:p@pictures.test/./gone.png"]
)
async def test_caches_are_purged_by_address_and_by_its_digest(spelling: str) -> None:
    pipeline = OnePipeline()
    registry: Any = type("Registry", (), {"pipelines": {"cards": pipeline}})()
    caches = PipelineCaches(registry, FakeClock())
    await caches.purge([spelling, "no address"])
    assert pipeline.admin.held == {STAYS}
    await caches.purge_keys(frozenset({picture_key(STAYS) or b""}))
    assert pipeline.admin.held == set()
