"""What is kept, for how long and for whom: bad bodies, stale pictures, origins in trouble, purges, sharing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

import imagepipe
from imagepipe.config import ImagesConfig, PipelineConfig, TierLimits, Tiers, default_config
from imagepipe.model import Storage
from imagepipe.ports import SourceEnded
from imagepipe.registry import Extensions, Registry
from imagepipe.service.app import create_app
from tests.clock import FakeClock
from tests.integration.imagepipe.fakes import FakeSource, Picture, until
from tests.unit.imagepipe.pictures import animated, decode, encode, photo, png_of, quarters

_A = "http://o.test/a"
_JPEG = encode(photo((640, 480)), "JPEG", quality=90)
_OTHER = encode(quarters((640, 480)), "JPEG", quality=90)
_KEY = "0123456789abcdef"


class _Server:
    """The pipelines over HTTP, with their clock."""

    def __init__(self, registry: Registry, http: httpx.AsyncClient, clock: FakeClock) -> None:
        self.registry = registry
        self.clock = clock
        self.http = http

    async def get(self, query: str = "w=100", pipeline: str = "cards", src: str = _A) -> httpx.Response:
        return await self.http.get(f"/images/{pipeline}?src={quote(src, safe='')}&{query}")

    async def later(self, seconds: float) -> httpx.Response:
        """The same so much later, when what began in the background is over."""
        await self.registry["cards"].settle()
        await self.clock.advance(seconds)
        answer = await self.get()
        await self.registry["cards"].settle()
        return answer


@asynccontextmanager
async def _serve(
    source: FakeSource, config: ImagesConfig | None = None, folder: Path | None = None
) -> AsyncIterator[_Server]:
    clock = FakeClock()
    registry = Registry(source, config or default_config(), workers=2, clock=clock, folder=folder)
    app = create_app(registry, loopback=True, unsigned=True)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with registry, httpx.AsyncClient(transport=transport, base_url="http://images.test") as http:
        yield _Server(registry, http, clock)


def _one(**changes: object) -> ImagesConfig:
    return ImagesConfig(pipelines=(replace(PipelineConfig("cards"), **changes),))  # type: ignore[arg-type]


def _is_other(body: bytes) -> bool:
    """Whether it shows `_OTHER`, whose first quarter is red."""
    found = decode(body).convert("RGB").getpixel((5, 5))
    return isinstance(found, tuple) and found[0] > 200 and max(found[1:]) < 60


_NO_PICTURES = {
    "html": (b"<!doctype html><title>Just a moment</title>", 415),
    "json": (b'{"error": "nope"}', 415),
    "empty": (b"", 415),
    "text": (b"not found", 415),
    "zeros": (bytes(4000), 415),
    "jpeg header": (_JPEG[:150], 422),
    "png header": (png_of(2, 8, ((1, 2, 3),))[:40], 422),
    "gif header": (animated("GIF")[:30], 422),
    "webp header": (encode(photo((64, 64)), "WEBP")[:20], 422),
}
_BROKEN_OFF = {
    "webp": encode(photo((64, 64)), "WEBP")[:-50],
    "jpeg": _JPEG[:-5000],
    "png": encode(photo((64, 64)), "PNG")[:-50],
    "gif": encode(quarters(), "GIF")[:-20],
}


@pytest.mark.parametrize("fresh", [0.0, 3600.0])
@pytest.mark.parametrize("name", _NO_PICTURES)
async def test_a_body_that_is_no_picture_has_a_short_life(name: str, fresh: float, tmp_path: Path) -> None:
    """However long its origin says: asked again within a minute, but not at once; and in no tier meanwhile."""
    body, status = _NO_PICTURES[name]
    source = FakeSource(a=Picture(body, etag=None, fresh_seconds=31_536_000.0, total=False))
    config = _one(min_fresh_seconds=fresh)
    async with _serve(source, config, tmp_path) as server:
        assert [(await server.get()).status_code for _ in range(2)] == [status, status]
        assert (await server.get("w=50")).status_code == status
        assert len(source.asked) == 1
        assert await server.registry["cards"].originals.store.get(_A) is None
        source.pictures[_A] = Picture(_JPEG, fresh_seconds=60.0)
        assert (await server.later(60)).status_code == 200
        assert len(source.asked) == 2


@pytest.mark.parametrize("name", [*_NO_PICTURES, *_BROKEN_OFF])
async def test_a_body_that_is_no_picture_takes_no_pictures_place(name: str) -> None:
    """The old one is shown, and its origin asked again after the back-off. Nor does one that is cut off, and of which
    its origin does not say how long it is."""
    body = _BROKEN_OFF.get(name) or _NO_PICTURES[name][0]
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=3600.0))
    async with _serve(source) as server:
        good = await server.get()
        source.pictures[_A] = Picture(body, etag='"2"', total=False)
        for seconds in (3601.0, 5.0, 5.0):
            answer = await server.later(seconds)
            assert (answer.status_code, answer.content) == (200, good.content)
        assert len(source.asked) == 2
        source.pictures[_A] = Picture(_OTHER, etag='"3"')
        await server.later(700)
        assert (await server.later(0)).content != good.content


async def test_a_picture_that_is_cut_off_is_shown_and_asked_for_again() -> None:
    """After a minute. Where its origin has it so, it is as fresh as any other from then on."""
    source = FakeSource(a=Picture(_JPEG[:-9000], etag=None, fresh_seconds=7200.0, total=False))
    async with _serve(source) as server:
        first = await server.get()
        assert first.status_code == 200
        assert first.headers["cache-control"].startswith("public, max-age=60,")
        await server.later(61)
        again = await server.later(0)
        assert len(source.asked) == 2
        assert again.headers["cache-control"].startswith("public, max-age=7200,")


async def test_a_picture_whose_pixels_are_broken_is_not_kept() -> None:
    """The header was fine; the decoder found out."""
    webp = bytearray(encode(photo((200, 200)), "WEBP", lossless=True))
    webp[40:] = bytes(len(webp) - 40)
    source = FakeSource(a=Picture(bytes(webp), etag=None))
    async with _serve(source) as server:
        assert (await server.get()).status_code == 422
        assert await server.registry["cards"].originals.store.get(_A) is None
        source.pictures[_A] = Picture(_JPEG)
        assert (await server.later(31)).status_code == 200


@pytest.mark.parametrize("query", ["w=100", "w=100&format=webp"])
async def test_a_stale_picture_may_be_kept_shortly(query: str) -> None:
    """RFC 5861: answered at once, also as 304; a cache in front fills itself with it; behind it the origin is asked."""
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=4000.0))
    async with _serve(source) as server:
        await server.get(query)
        await server.clock.advance(4001)
        stale = await server.get(query)
        assert (
            stale.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=86399, stale-if-error=604799"
        )
        assert "x-pipeline-preview" not in stale.headers
        assert "rendered:stale" in stale.headers["x-pipeline-trace"]
        await server.registry["cards"].settle()
        fresh = await server.get(query)
        assert fresh.headers["cache-control"].startswith("public, max-age=4000,")
        assert len(source.asked) == 2


_TROUBLE = {
    "500": SourceEnded("http_error", "answered 500", status=500),
    "502": SourceEnded("http_error", "answered 502", status=502),
    "503": SourceEnded("http_error", "answered 503", status=503),
    "429": SourceEnded("http_error", "answered 429", status=429),
    "403": SourceEnded("http_error", "answered 403", status=403),
    "dead": SourceEnded("connect_error", "no connection"),
    "slow": SourceEnded("timed_out", "no answer"),
    "late": SourceEnded("late", "its turn comes later"),
}


@pytest.mark.parametrize("rendered", [True, False])
@pytest.mark.parametrize("name", _TROUBLE)
async def test_an_origin_in_trouble_has_its_old_picture_shown(name: str, rendered: bool) -> None:
    """Within and beyond stale-while-revalidate, up to stale-if-error; asked once per back-off, whoever asks for it."""
    tiers = Tiers() if rendered else Tiers(rendered=TierLimits(0))
    config = _one(tiers=tiers, stale_while_revalidate=100.0, stale_if_error=20_000.0)
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=3600.0))
    async with _serve(source, config) as server:
        good = await server.get()
        source.endings[_A] = _TROUBLE[name]
        asked = []
        for seconds in (3601.0, 1.0, 1.0, 1.0, 200.0, 1.0, 1.0):
            answer = await server.later(seconds)
            assert (answer.status_code, answer.content) == (200, good.content)
            assert answer.headers["cache-control"].startswith("public, max-age=60, stale-while-revalidate=")
            asked.append(len(source.asked))
        assert asked == [2, 2, 2, 2, 3, 3, 3]
        assert (await server.later(20_000)).status_code >= 400


@pytest.mark.parametrize("status", [404, 410])
async def test_a_picture_that_its_origin_has_no_more_is_gone(status: int) -> None:
    """After at most one more answer."""
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=3600.0))
    async with _serve(source) as server:
        await server.get()
        source.endings[_A] = SourceEnded("http_error", f"answered {status}", status=status)
        await server.later(3601)
        assert (await server.later(1)).status_code == status
        assert (await server.get("w=50")).status_code == status


@pytest.mark.parametrize(
    ("status", "answered", "says_when"),
    [
        *((status, status, False) for status in (401, 403, 404, 410, 451)),
        *((status, 502, True) for status in (400, 402, 405, 418, 500, 501, 502, 505, 520)),
        (429, 503, True),
        (503, 503, True),
        (504, 504, True),
    ],
)
async def test_an_origins_answer_keeps_its_meaning(status: int, answered: int, says_when: bool) -> None:
    """What is said of the picture stays; trouble is 502 to 504, with a moment to come back, now and a second later."""
    source = FakeSource()
    source.endings[_A] = SourceEnded("http_error", f"answered {status}", status=status)
    async with _serve(source) as server:
        for seconds in (0.0, 1.0):
            answer = await server.later(seconds)
            assert answer.status_code == answered
            assert answer.headers["cache-control"] == "no-store"
            assert ("retry-after" in answer.headers) == says_when


async def test_the_origins_own_moment_is_passed_on() -> None:
    source = FakeSource()
    async with _serve(source) as server:
        source.endings[_A] = SourceEnded("http_error", "answered 429", server.clock.now() + 77, 429)
        assert (await server.get()).headers["retry-after"] == "77"
        assert (await server.later(50)).headers["retry-after"] == "27"
        await server.later(26.5)
        assert len(source.asked) == 1
        await server.later(1)
        assert len(source.asked) == 2


@pytest.mark.parametrize(
    ("storage", "header"),
    [("nobody", "no-store"), ("client", "private, max-age=60")],
)
async def test_what_is_not_for_everybody_is_not_kept(storage: Storage, header: str, tmp_path: Path) -> None:
    """By nobody here, in no tier; and the answer says so."""
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=60.0, storage=storage))
    async with _serve(source, folder=tmp_path) as server:
        for number in (1, 2):
            assert (await server.get()).headers["cache-control"] == header
            assert len(source.asked) == number
        await server.registry["cards"].settle()
        assert (await server.http.get(f"/images/cards/info?src={quote(_A, safe='')}")).status_code == 200
        assert len(source.asked) == 3
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_one_setting_keeps_it_all_the_same() -> None:
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=0.0, storage="nobody"))
    async with _serve(source, _one(store_private=True)) as server:
        for _ in range(2):
            assert (await server.get()).headers["cache-control"].startswith("public, max-age=3600,")
        assert len(source.asked) == 1


@pytest.mark.parametrize("left", [1, 30, 59, 61, 4000, 100_000])
async def test_nothing_outlives_its_signed_address(left: int) -> None:
    """`expires` bounds everything that `Cache-Control` promises, fresh, stale and standing in."""
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=3600.0))
    config = ImagesConfig(keys=(_KEY,), pipelines=default_config().pipelines)
    async with _serve(source, config) as server:
        for _ in range(2):
            over_at = int(server.clock.now()) + left
            path = imagepipe.url("/images/cards", _A, width=100, expires=over_at, key=_KEY)
            header = (await server.http.get(path)).headers["cache-control"]
            promised = {
                name: int(number) for name, _, number in (part.partition("=") for part in header.split(", ")[1:])
            }
            assert promised["max-age"] <= left
            assert promised["max-age"] + promised["stale-while-revalidate"] <= left
            assert promised["max-age"] + promised["stale-if-error"] <= left
            await server.clock.advance(3601)


_PURGES = {
    "one": f"/images/cards/store?src={quote(_A, safe='')}",
    "pipeline": "/images/cards/store",
    "all": "/images/store",
}


@pytest.mark.parametrize("when", ["loading", "reloading", "describing"])
@pytest.mark.parametrize("name", _PURGES)
async def test_a_purge_wins_over_what_is_under_way(name: str, when: str, tmp_path: Path) -> None:
    """Who waited gets the old one; it is kept nowhere; who asks after the purge gets the new one."""
    picture = Picture(_JPEG, pause_after=4096)
    source = FakeSource(a=picture)
    async with _serve(source, folder=tmp_path) as server:
        cards = server.registry["cards"]
        if when == "reloading":
            picture.go.set()
            await server.get()
            await server.clock.advance(4000)
            source.pictures[_A] = picture = Picture(_JPEG + b"\0", etag='"2"', pause_after=4096)
        path = f"/images/cards/info?src={quote(_A, safe='')}"
        waiting = asyncio.ensure_future(server.http.get(path) if when == "describing" else server.get())
        await until(lambda: source.open == 1)
        await server.http.delete(_PURGES[name])
        source.pictures[_A] = Picture(_OTHER, etag='"3"')
        after = await server.get("w=100&format=png")
        picture.go.set()
        assert (await waiting).status_code == 200
        await cards.settle()
        kept = await cards.originals.store.get(_A)
        assert kept is not None
        assert kept.body == _OTHER
        assert (await server.get("w=100&format=png")).content == after.content
        assert _is_other(after.content)
        assert _is_other((await server.get()).content)
        assert (await server.http.get(path)).json()["bytes"] == len(_OTHER)


async def test_a_picture_that_is_put_wins_over_one_that_is_loaded() -> None:
    picture = Picture(_JPEG, pause_after=4096)
    source = FakeSource(a=picture)
    async with _serve(source) as server:
        waiting = asyncio.ensure_future(server.get())
        await until(lambda: source.open == 1)
        await server.registry["cards"].put(_A, _OTHER)
        picture.go.set()
        await waiting
        assert _is_other((await server.get()).content)


@pytest.mark.parametrize("folder", [True, False])
async def test_a_pipeline_takes_what_another_one_has(folder: bool, tmp_path: Path) -> None:
    """From memory or disk, also after a restart. Not what is stale, and not what is older than its own last purge."""
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=3600.0))
    async with _serve(source, folder=tmp_path if folder else None) as server:
        await server.get()
        if not folder:
            assert "shared:cards" in (await server.get(pipeline="avatars")).headers["x-pipeline-trace"]
            assert len(source.asked) == 1
    if folder:
        async with _serve(source, folder=tmp_path) as server:
            assert "shared:cards" in (await server.get(pipeline="avatars")).headers["x-pipeline-trace"]
            assert len(source.asked) == 1
            await server.clock.advance(1)
            await server.http.delete(f"/images/avatars/store?src={quote(_A, safe='')}")
            assert "network" in (await server.get(pipeline="avatars")).headers["x-pipeline-trace"]
            assert len(source.asked) == 2


@pytest.mark.parametrize("quiet", ["cards", "avatars"])
async def test_sharing_can_be_turned_off_on_either_side(quiet: str) -> None:
    pipelines = tuple(PipelineConfig(name, share=name != quiet) for name in ("cards", "avatars"))
    source = FakeSource(a=Picture(_JPEG))
    async with _serve(source, ImagesConfig(pipelines=pipelines)) as server:
        await server.get()
        await server.get(pipeline="avatars")
        assert len(source.asked) == 2


async def test_an_additional_cache_with_no_picture_is_passed_over() -> None:
    class Legacy:
        name = "legacy"

        async def get(self, url: str) -> bytes | None:
            return b"<html>"

        async def close(self) -> None:
            """Nothing."""

    source = FakeSource(a=Picture(_JPEG))
    async with Registry(source, clock=FakeClock(), workers=1, extensions=Extensions({"cards": [Legacy()]})) as registry:
        found = await registry["cards"].variant(_A, imagepipe.Variant(width=100))
        assert found.where == "network"
        assert "additional_cache_failed" in registry["cards"].events.problems[0][2]


@pytest.mark.parametrize(
    ("width", "format", "side", "kept", "from_it"),
    [
        (1700, "webp", 1800, True, False),  # a JPEG is reduced while it is read
        (700, "webp", 6000, True, True),  # a small WebP is read sooner than a large JPEG
        (1700, "webp", 1800, False, True),  # its original would have to be fetched
        (1360, "png", 1800, True, False),
    ],
)
async def test_an_ancestor_is_used_where_it_is_cheaper(
    width: int, format: str, side: int, kept: bool, from_it: bool
) -> None:
    source = FakeSource(a=Picture(encode(photo((side, side * 2 // 3)), "JPEG")))
    config = _one() if kept else replace(_one(), global_tiers=Tiers(encoded=TierLimits(0)))
    async with _serve(source, config) as server:
        await server.get(f"w={width}&format={format}")
        trace = (await server.get("w=160&format=webp")).headers["x-pipeline-trace"]
        assert ("ancestor:hit" in trace) == from_it


@pytest.mark.parametrize("name", _BROKEN_OFF)
async def test_a_cut_picture_that_its_origin_has_so_takes_the_old_ones_place(name: str) -> None:
    """All the bytes came that its origin announced."""
    source = FakeSource(a=Picture(_OTHER, fresh_seconds=3600.0))
    async with _serve(source) as server:
        good = await server.get()
        source.pictures[_A] = Picture(_BROKEN_OFF[name], etag='"2"')
        await server.later(3601)
        answer = await server.later(1)
        assert answer.status_code == 200
        assert answer.content != good.content


@pytest.mark.parametrize("storage", ["client", "nobody"])
@pytest.mark.parametrize("changed", [True, False])
async def test_what_may_not_be_kept_any_more_is_kept_no_more(storage: Storage, changed: bool, tmp_path: Path) -> None:
    """A picture that was for everybody becomes private, with new bytes or the old ones (304): in no tier, and never
    answered as public again."""
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=3600.0))
    async with _serve(source, folder=tmp_path) as server:
        await server.get()
        source.pictures[_A] = Picture(
            _OTHER if changed else _JPEG, etag='"2"' if changed else '"1"', fresh_seconds=60.0, storage=storage
        )
        await server.later(3601)
        answer = await server.later(1)
        assert _is_other(answer.content) == changed
        assert "public" not in answer.headers["cache-control"]
        assert await server.registry["cards"].originals.store.get(_A) is None


async def test_a_304_that_says_nothing_changes_nothing() -> None:
    """The picture is as fresh as it was at first (RFC 9111, 4.3.4)."""
    source = FakeSource(a=Picture(_JPEG, fresh_seconds=86_400.0))
    async with _serve(source) as server:
        await server.get()
        source.pictures[_A].fresh_seconds = None
        await server.later(86_401)
        answer = await server.later(1)
        assert answer.headers["cache-control"].startswith("public, max-age=86399,")


@pytest.mark.parametrize("said", ["private", "no-store", "private, max-age=60"])
async def test_a_picture_that_is_handed_over_brings_what_its_origin_said(said: str) -> None:
    source = FakeSource()
    async with _serve(source) as server:
        store = f"/images/cards/store?src={quote(_A, safe='')}"
        headers = {"cache-control": "max-age=86400", "age": "400", "etag": '"7"'}
        await server.http.put(store, content=_JPEG, headers=headers)
        assert "max-age=86000" in (await server.get()).headers["cache-control"]
        kept = await server.registry["cards"].originals.store.get(_A)
        assert kept is not None
        assert kept.etag == '"7"'
        await server.http.put(store, content=_OTHER, headers={"cache-control": said})
        assert await server.registry["cards"].originals.store.get(_A) is None
