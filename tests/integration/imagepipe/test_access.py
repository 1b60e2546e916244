"""`/images` is no open fetcher: who may ask for what without a signature, and that a refusal says nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import imagepipe
from imagepipe.config import ImagesConfig, default_config
from imagepipe.errors import RecordsUnavailable
from imagepipe.originals.source_rules import admits
from imagepipe.ports import SourceEnded, SourceResponse, Wanted
from imagepipe.registry import Registry
from imagepipe.service.access import Connection
from imagepipe.service.app import create_app
from tests.clock import FakeClock
from tests.integration.imagepipe.fakes import FakeSource, Picture
from tests.unit.imagepipe.pictures import encode, photo

JPEG = encode(photo((64, 48)), "JPEG")
KEY = "a key of the tests only"


@dataclass
class FakeAccess:
    """Records, keys and blocks as a test says."""

    owned: set[str] = field(default_factory=set)
    away: bool = False
    bad: str = "http://blocked.test/"

    def blocked(self, src: str) -> str | None:
        return "it is blocked" if src.startswith(self.bad) else None

    async def withheld(self, src: str) -> str | None:
        return "a list says so" if src.endswith("/withheld.jpg") else None

    def client(self, connection: Connection) -> str:
        return connection.headers.get("x-client", "c")

    def has_key(self, connection: Connection) -> bool:
        return connection.headers.get("authorization") == "Bearer good"

    def is_foreign(self, connection: Connection) -> bool:
        return connection.headers.get("sec-fetch-site") == "cross-site"

    async def owns(self, src: str) -> bool:
        if self.away:
            raise RecordsUnavailable("away")
        return src in self.owned


class RedirectingSource(FakeSource):
    """Checks hops as every source does."""

    redirects: dict[str, str]

    async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
        target = self.redirects.get(wanted.url)
        if target is None:
            return await super().fetch(wanted)
        if not admits(target, wanted.hosts):
            return SourceEnded("source_not_allowed", "off the list")
        return await super().fetch(replace(wanted, url=target))


@asynccontextmanager
async def served(
    source: FakeSource, access: FakeAccess, config: ImagesConfig | None = None, **more: Any
) -> AsyncIterator[httpx.AsyncClient]:
    config = replace(config or default_config(), keys=(KEY,), **more)
    registry = Registry(source, config, workers=1, clock=FakeClock())
    transport = httpx.ASGITransport(create_app(registry, loopback=True, access=access), raise_app_exceptions=False)
    async with registry, httpx.AsyncClient(transport=transport, base_url="http://images.test") as client:
        yield client


def at(src: str = "http://o.test/a", query: str = "w=10", path: str = "/images/cards") -> str:
    return f"{path}?src={quote(src, safe='')}&{query}"


@pytest.mark.parametrize("query", ["w=10", "preset=small", "preset=small&preview=1"])
@pytest.mark.parametrize("path", ["/images/cards", "/images/cards/info"])
async def test_strangers_get_nothing_and_nothing_is_asked(path: str, query: str) -> None:
    source = FakeSource(a=Picture(JPEG))
    async with served(source, FakeAccess()) as client:
        answers = [
            await client.get(at(src, query, path))
            for src in ("http://o.test/a", "http://o.test/missing", "http://10.0.0.1/", "https://other.test:1/x")
        ]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1, "a refusal tells nothing of the source"
    assert answers[0].json()["code"] == "not_signed"
    assert source.asked == []


async def test_what_opens_an_address() -> None:
    source = FakeSource(**{name: Picture(JPEG) for name in ("signed", "keyed", "owned")})
    async with served(source, FakeAccess({"http://o.test/owned"})) as client:
        assert (await client.get(imagepipe.url("/images/cards", "http://o.test/signed", width=9, key=KEY))).is_success
        assert (await client.get(at("http://o.test/keyed"), headers={"authorization": "Bearer good"})).is_success
        assert (await client.get(at("http://O.test:80/owned#x"))).is_success
        assert (await client.get(at("http://o.test/owned", path="/images/cards/info"))).is_success
        assert (await client.get(at("http://o.test/owned") + "&signature=wrong")).status_code == 403
        wrong = {"authorization": "Bearer bad"}
        assert (await client.get(at("http://o.test/none"), headers=wrong)).status_code == 403


async def test_what_is_withheld_is_given_to_nobody() -> None:
    """Not by a signature, not to a key, not from the caches; and nobody is asked for it."""
    source, src = FakeSource(**{"withheld.jpg": Picture(JPEG)}), "http://o.test/withheld.jpg"
    async with served(source, FakeAccess({src})) as client:
        for answer in (
            await client.get(imagepipe.url("/images/cards", src, width=9, key=KEY)),
            await client.get(at(src), headers={"authorization": "Bearer good"}),
            await client.get(at(src, path="/images/cards/info")),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "blocked_domain")
    assert source.asked == []


async def test_what_is_in_the_caches_is_served_at_any_size() -> None:
    source = FakeSource(a=Picture(JPEG))
    async with served(source, FakeAccess()) as client:
        await client.get(imagepipe.url("/images/cards", "http://o.test/a", width=9, key=KEY))
        for query in ("w=9", "w=20", "preset=small"):
            assert (await client.get(at(query=query))).is_success
        assert (await client.get(at(path="/images/avatars"))).status_code == 403, "each pipeline has its own caches"
        assert len(source.asked) == 1


@pytest.mark.parametrize("filters", ["blur:50", "sepia", ""])
async def test_filters_of_ones_own_need_a_signature_or_a_key(filters: str) -> None:
    """Also for pictures that everybody may have; the operator's presets are free."""
    source = FakeSource(a=Picture(JPEG))
    pipelines = tuple(replace(each, presets={"soft": "w=9&filters=blur:2"}) for each in default_config().pipelines)
    access = FakeAccess({"http://o.test/a"})
    async with served(source, access, pipelines=pipelines, unsigned_hosts=("o.test",)) as client:
        signed = imagepipe.url("/images/cards", "http://o.test/a", width=9, key=KEY, filters="blur:2")
        assert (await client.get(signed)).is_success
        for query in (f"w=9&filters={filters}", "w=9&filters=blur:2", f"preset=soft&filters={filters}"):
            answer = await client.get(at(query=query))
            assert (answer.status_code, answer.json()["code"]) == (403, "not_signed")
        assert (await client.get(at(query="w=9&filters=sepia"), headers={"authorization": "Bearer good"})).is_success
        assert (await client.get(at(query="preset=soft"))).is_success


async def test_listed_hosts_are_open_and_their_redirects_stay_on_the_list() -> None:
    source = RedirectingSource(a=Picture(JPEG))
    source.redirects = {"http://o.test/in": "http://o.test/a", "http://o.test/out": "http://inside.test/a"}
    source.pictures["http://inside.test/a"] = Picture(JPEG)
    async with served(source, FakeAccess(), unsigned_hosts=("o.test",)) as client:
        assert (await client.get(at("http://o.test/in"))).is_success
        refused = await client.get(at("http://o.test/out"))
        assert (refused.status_code, refused.json()["code"]) == (403, "source_not_allowed")
        assert (await client.get(at("http://o.test\\@inside.test/a"))).status_code == 404
        assert (await client.get(at("http://inside.test\\@o.test/a"))).status_code == 403
        signed = imagepipe.url("/images/cards", "http://o.test/out", width=9, key=KEY)
        assert (await client.get(signed)).is_success, "a signature is not bound by that list"


async def test_allow_hosts_bound_signed_addresses_and_their_redirects() -> None:
    cards = replace(default_config().pipelines[0], allow_hosts=("o.test",))
    source = RedirectingSource(a=Picture(JPEG))
    source.redirects = {"http://o.test/out": "http://inside.test/a"}
    async with served(source, FakeAccess(), ImagesConfig(pipelines=(cards,))) as client:
        for src in ("http://inside.test/a", "http://o.test/out", "http://inside.test\\.o.test"):
            answer = await client.get(imagepipe.url("/images/cards", src, width=9, key=KEY))
            assert (answer.status_code, answer.json()["code"]) == (403, "source_not_allowed")
        assert (await client.get(imagepipe.url("/images/cards", "http://o.test/a", width=9, key=KEY))).is_success


async def test_a_page_of_another_site_gets_what_is_signed_or_belongs_to_a_record() -> None:
    source = FakeSource(**{name: Picture(JPEG) for name in ("owned", "cached", "a")})
    foreign = {"sec-fetch-site": "cross-site"}
    async with served(source, FakeAccess({"http://o.test/owned"}), unsigned_hosts=("o.test",)) as client:
        assert (await client.get(at("http://o.test/cached"))).is_success
        for src in ("http://o.test/cached", "http://o.test/a"):
            assert (await client.get(at(src), headers=foreign)).status_code == 403
        assert (await client.get(at("http://o.test/owned"), headers=foreign)).is_success
        signed = imagepipe.url("/images/cards", "http://o.test/a", width=9, key=KEY)
        assert (await client.get(signed, headers=foreign)).is_success


async def test_when_nobody_can_say_the_answer_may_be_asked_for_again() -> None:
    source = FakeSource(a=Picture(JPEG), b=Picture(JPEG))
    access = FakeAccess()
    async with served(source, access) as client:
        await client.get(imagepipe.url("/images/cards", "http://o.test/a", width=9, key=KEY))
        access.away = True
        answer = await client.get(at("http://o.test/b"))
        assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (
            503,
            "records_unavailable",
            True,
        )
        assert "retry-after" in answer.headers
        assert (await client.get(at("http://o.test/a"))).is_success, "the caches need nobody"
        assert len(source.asked) == 1


async def test_blocked_is_blocked_whoever_asks_and_also_from_the_caches() -> None:
    access = FakeAccess({"http://o.test/a"}, bad="http://nothing.test/")
    source = FakeSource(a=Picture(JPEG))
    async with served(source, access) as client:
        assert (await client.get(at())).is_success
        access.bad = "http://o.test/"
        signed = imagepipe.url("/images/cards", "http://o.test/a", width=9, key=KEY)
        for url in (at(), at(path="/images/cards/info"), signed):
            answer = await client.get(url)
            assert (answer.status_code, answer.json()["code"]) == (403, "blocked_domain")
        assert len(source.asked) == 1


async def test_a_redirect_to_a_blocked_host_is_told_as_such() -> None:
    class Blocking(FakeSource):
        async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
            return SourceEnded("blocked_domain", "it redirects to where nothing is asked for")

    async with served(Blocking(), FakeAccess()) as client:
        answer = await client.get(imagepipe.url("/images/cards", "http://o.test/a", width=9, key=KEY))
        assert (answer.status_code, answer.json()["code"]) == (403, "blocked_domain")


async def test_a_gallery_of_two_hundred_pictures_is_answered_whole() -> None:
    names = [f"p{number}" for number in range(200)]
    source = FakeSource(**{name: Picture(JPEG) for name in names})
    access = FakeAccess({f"http://o.test/{name}" for name in names})
    async with served(source, access) as client:
        answers = await asyncio.gather(*(client.get(at(f"http://o.test/{name}")) for name in names))
    assert {answer.status_code for answer in answers} == {200}


async def test_spellings_of_one_address_are_one_fetch_and_one_entry() -> None:
    source = FakeSource(a=Picture(JPEG))
    async with served(source, FakeAccess({"http://o.test/a"})) as client:
        for src in ("http://o.test/a", "HTTP://O.test:80/a", "http://o.test/./a#top", "http://u:p@o.test/a"):
            assert (await client.get(at(src))).is_success
        assert len(source.asked) == 1
        purge = at("http://O.TEST/a", "x", "/images/cards/store").partition("&")[0]
        assert (await client.delete(purge)).json() == {"purged": 1}
