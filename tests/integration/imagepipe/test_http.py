"""The pipelines over HTTP: the real handlers, called in the same loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest

import imagepipe
from imagepipe.config import ImagesConfig, PipelineConfig, default_config
from imagepipe.registry import Registry
from imagepipe.service.app import create_app
from imagepipe.service.inspector import group_problems
from tests.clock import FakeClock
from tests.integration.imagepipe.fakes import FakeSource, Picture, until
from tests.unit.imagepipe.pictures import animated, decode, encode, photo, quarters

_JPEG = encode(photo((640, 480)), "JPEG")
_KEY, _ADMIN = "0123456789abcdef", "an-admin-key-for-tests"
_PAGES = ("/images/inspect/page", "/images/inspect/page.js", "/images/inspect/page.css")
_BROWSER = {"Accept": "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"}


@asynccontextmanager
async def _client(
    source: FakeSource,
    config: ImagesConfig | None = None,
    *,
    loopback: bool = True,
    clock: FakeClock | None = None,
    unsigned: bool = True,
) -> AsyncIterator[httpx.AsyncClient]:
    registry = Registry(source, config or default_config(), workers=1, clock=clock or FakeClock())
    transport = httpx.ASGITransport(
        create_app(registry, loopback=loopback, unsigned=unsigned), raise_app_exceptions=False
    )
    async with registry, httpx.AsyncClient(transport=transport, base_url="http://images.test") as client:
        yield client


def _address(name: str = "a", query: str = "w=100", pipeline: str = "cards") -> str:
    return f"/images/{pipeline}?src={quote(f'http://o.test/{name}', safe='')}&{query}"


async def test_a_variant_with_all_its_headers() -> None:
    """Type, validators, freshness, safety, and where it was found."""
    async with _client(FakeSource(a=Picture(_JPEG, fresh_seconds=7200))) as client:
        answer = await client.get(_address(), headers={"Accept": "*/*"})
        assert answer.status_code == 200
        assert decode(answer.content).size == (100, 75)
        headers = answer.headers
        assert headers["content-type"] == "image/jpeg"
        assert headers["cache-control"] == ("public, max-age=7200, stale-while-revalidate=86400, stale-if-error=604800")
        assert headers["vary"] == "Accept, Save-Data"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert headers["x-pipeline-trace"] == "rendered:miss > encoded:miss > shared:miss > network > render"
        assert "network;dur=" in headers["server-timing"]
        assert headers["etag"].startswith('"')
        again = await client.get(_address(), headers={"Accept": "*/*"})
        assert again.headers["x-pipeline-trace"] == "rendered:hit"
        assert again.headers["etag"] == headers["etag"]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (_BROWSER["Accept"], "image/avif"),
        ("image/webp,*/*", "image/webp"),
        ("image/avif;q=0,image/webp;q=0,*/*", "image/jpeg"),
        ("", "image/jpeg"),
    ],
)
async def test_auto_is_what_the_client_accepts(accept: str, content_type: str) -> None:
    """Negotiated by `Accept`."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        answer = await client.get(_address(), headers={"Accept": accept})
        assert answer.headers["content-type"] == content_type


async def test_head_is_get_without_a_body() -> None:
    """Same headers, with the length."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        got, head = await client.get(_address()), await client.head(_address())
        assert head.content == b""
        assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
        assert head.headers["etag"] == got.headers["etag"]


async def test_a_picture_that_the_client_has_is_answered_304() -> None:
    """By ETag, then by date; with the headers that a cache updates."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        first = await client.get(_address())
        for condition in (
            {"If-None-Match": first.headers["etag"]},
            {"If-Modified-Since": first.headers["last-modified"]},
        ):
            answer = await client.get(_address(), headers=condition)
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == first.headers["etag"]
            assert "cache-control" in answer.headers
        other = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["last-modified"]}
        assert (await client.get(_address(), headers=other)).status_code == 200


async def test_save_data_gets_less() -> None:
    """Fewer bytes."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        full = await client.get(_address(query="w=100&dpr=2"))
        less = await client.get(_address(query="w=100&dpr=2"), headers={"Save-Data": "on"})
        assert len(less.content) < len(full.content) / 2


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        (_address(query="w=x"), 400, "invalid_variant"),
        (_address(query="format=tiff"), 415, "unsupported_format"),
        ("/images/cards?w=10", 400, "invalid_variant"),
        ("/images/cards?src=ftp://o.test/a", 403, "source_not_allowed"),
        ("/images/cards?src=file:///etc/passwd", 403, "source_not_allowed"),
        (_address("missing"), 404, "source_failed"),
        (_address("text"), 415, "unsupported_format"),
        (_address("broken"), 422, "broken_picture"),
        (_address(pipeline="nothing"), 404, "unknown_pipeline"),
    ],
)
async def test_every_error_is_a_problem_document(address: str, status: int, code: str) -> None:
    """With a stable code, never cached, as safe as a picture."""
    source = FakeSource(a=Picture(_JPEG), text=Picture(b"<html>"), broken=Picture(_JPEG[:150]))
    async with _client(source) as client:
        answer = await client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.json()["detail"]


async def test_only_what_a_valid_signature_covers_is_served() -> None:
    """Only what is signed, with any of the keys; a preset is no signature; expired is over."""
    clock = FakeClock()
    config = replace(default_config(), keys=(_KEY, "an-older-key-0123"))
    async with _client(FakeSource(a=Picture(_JPEG)), config, clock=clock, unsigned=False) as client:
        src = "http://o.test/a"
        assert (await client.get(imagepipe.url("/images/cards", src, preset="small"))).status_code == 403
        assert (await client.get(_address())).status_code == 403
        for key in config.keys:
            assert (await client.get(imagepipe.url("/images/cards", src, width=50, key=key))).status_code == 200
        assert (
            await client.get(imagepipe.url("/images/cards", src, width=50, key="another-key-01234"))
        ).status_code == 403
        until_when = int(clock.now()) + 60
        limited = imagepipe.url("/images/cards", src, width=50, expires=until_when, key=_KEY)
        assert (await client.get(limited)).status_code == 200
        assert (await client.get(limited.replace(str(until_when), str(until_when + 1)))).status_code == 403
        await clock.advance(61)
        assert (await client.get(limited)).status_code == 403


async def test_unsigned_when_configured() -> None:
    """A server behind something that checks already."""
    config = replace(default_config(), allow_unsigned=True)
    async with _client(FakeSource(a=Picture(_JPEG)), config, loopback=False, unsigned=False) as client:
        assert (await client.get(_address())).status_code == 200


async def test_hosts_may_be_listed() -> None:
    """Others are refused before anything is asked."""
    source = FakeSource(a=Picture(_JPEG))
    listed = ImagesConfig(pipelines=(PipelineConfig("cards", allow_hosts=("*.example.com", "o.test")),))
    async with _client(source, listed) as client:
        assert (await client.get(_address())).status_code == 200
        for host in ("evil.test", "o.test.evil.test", "example.com.evil.test", "xo.test"):
            assert (await client.get(f"/images/cards?src=http://{host}/a")).status_code == 403
        assert len(source.asked) == 1


async def test_a_fallback_stands_in() -> None:
    """For what is missing or broken, said in a header, cached shortly; not for what the caller did wrong."""
    fallback = encode(quarters((200, 200)), "PNG")
    config = ImagesConfig(pipelines=(PipelineConfig("cards", fallback=fallback),))
    async with _client(FakeSource(b=Picture(b"no picture")), config) as client:
        for name, code in (("missing", "source_failed"), ("b", "unsupported_format")):
            answer = await client.get(_address(name))
            assert (answer.status_code, answer.headers["x-pipeline-problem"]) == (200, code)
            assert decode(answer.content).size == (100, 100)
            assert answer.headers["cache-control"] == "public, max-age=60"
        assert (await client.get(_address(query="w=x"))).status_code == 400


async def test_too_many_renders_are_429() -> None:
    """With a moment to come back; the rest are served."""
    config = replace(default_config(), queue=1)
    source = FakeSource(**{f"p{number}": Picture(_JPEG) for number in range(12)})
    async with _client(source, config) as client:
        answers = await asyncio.gather(*(client.get(_address(f"p{number}")) for number in range(12)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert len(refused) < 12
        assert int(refused[0].headers["retry-after"]) >= 1


async def test_a_request_has_a_deadline() -> None:
    """504, and what was loaded is kept for the next one."""
    picture = Picture(_JPEG, pause_after=8192)
    source = FakeSource(a=picture, never=Picture(_JPEG, pause_after=8192))
    async with _client(source, replace(default_config(), request_seconds=0.05)) as client:
        assert (await client.get(_address())).status_code == 504
        picture.go.set()
        assert (await client.get(_address())).status_code == 200
        assert source.asked[1].resume_from > 0
        assert (await client.get("/images/cards/info?src=http://o.test/never")).status_code == 504


async def test_previews_are_marked_and_not_cached() -> None:
    """So that nobody keeps them."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        await client.get(_address(query="w=50"))
        early = await client.get(_address(query="w=500&preview=1"))
        assert (early.headers["x-pipeline-preview"], early.headers["cache-control"]) == ("1", "no-store")


async def test_animations_and_registered_formats() -> None:
    """As asked by name."""
    async with _client(FakeSource(a=Picture(animated("GIF")))) as client:
        for format, kind in (
            ("gif", "image/gif"),
            ("webp", "image/webp"),
            ("jp2", "image/jp2"),
            ("jpeg", "image/jpeg"),
        ):
            answer = await client.get(_address(query=f"w=16&format={format}"))
            assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


async def test_info_tells_size_colour_and_blurhash() -> None:
    """Placeholder data as JSON."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        found = (await client.get("/images/cards/info?src=http://o.test/a")).json()
        assert (found["width"], found["height"], found["bytes"], found["format"]) == (640, 480, len(_JPEG), "jpeg")
        assert found["colour"].startswith("#")
        assert found["blurhash"]


async def test_an_administrator_can_store_rename_and_purge() -> None:
    """Store, look, mark stale, rename, purge by tag and altogether."""
    async with _client(FakeSource()) as client:
        at = "/images/cards/store?src=http://o.test/"
        assert (await client.put(at + "x&tag=t&tag=u", content=_JPEG)).status_code == 201
        assert (await client.put(at + "y", content=_JPEG)).json() == {"stored": 1}
        assert (await client.put(at + "z", content=b"no picture")).status_code == 415
        assert (await client.put(at + "z", content=b"")).status_code == 400
        assert (await client.get(_address("x"))).status_code == 200
        assert (await client.post("/images/cards/stale?src=http://o.test/x")).json() == {"marked": 1}
        assert (await client.post("/images/cards/rename?src=http://o.test/y&to=http://o.test/w")).json() == {
            "renamed": 1
        }
        assert (await client.get(_address("w"))).status_code == 200
        assert (await client.delete("/images/cards/store?tag=u")).json() == {"purged": 1}
        assert (await client.delete("/images/cards/store?src=http://o.test/x")).json() == {"purged": 0}
        assert (await client.delete("/images/store")).json() == {"purged": 1}
        assert (await client.get(_address("w"))).status_code == 404


async def test_variants_are_warmed_in_idle_time() -> None:
    """Variants are made in idle time, before anybody asks."""
    clock = FakeClock()
    async with _client(FakeSource(a=Picture(_JPEG)), clock=clock) as client:
        at = "/images/cards/warm?src=http://o.test/a"
        answer = await client.post(at + "&variant=w%3D100%26format%3Djpeg&variant=preset%3Dsmall")
        assert (answer.status_code, answer.json()) == (202, {"queued": 2})
        assert (await client.post(at + "&variant=w%3D0")).status_code == 400

        async def rendered() -> int:
            await clock.advance(5)
            await asyncio.sleep(0.005)
            found = (await client.get("/images/inspect")).json()
            return int(found["pipelines"]["cards"]["rendered"]["entries"])

        for _ in range(400):
            if await rendered() == 2:
                break
        trace = (await client.get(_address(query="w=100&format=jpeg"))).headers["x-pipeline-trace"]
        assert trace == "rendered:hit"


async def test_a_format_that_cannot_be_written_costs_no_fetch() -> None:
    """Nor does anything else that is wrong with the address."""
    source = FakeSource(a=Picture(_JPEG))
    async with _client(source) as client:
        assert (await client.get(_address(query="w=10&format=bmp"))).status_code == 415
        assert (await client.get(_address(query="w=10&gravity=up"))).status_code == 400
    assert source.asked == []


async def test_every_kind_of_answer_is_safe_to_look_at() -> None:
    """Also JSON and the page, which may show strangers' text."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        for path in (_address(), "/images/cards/info?src=http://o.test/a", "/images/inspect", *_PAGES):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_trace_says_where_it_was_not() -> None:
    """In the order in which was looked."""
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        trace = (await client.get(_address())).headers["x-pipeline-trace"]
    assert trace == "rendered:miss > encoded:miss > shared:miss > network > render"


async def test_too_many_downloads_are_429() -> None:
    """Each may become as large as a picture may be; who shares one takes no second place."""
    source = FakeSource(a=Picture(_JPEG, pause_after=4096), b=Picture(_JPEG))
    async with _client(source, replace(default_config(), loads=1, loads_waiting=1)) as client:
        first = [asyncio.create_task(client.get(_address())) for _ in range(2)]
        await until(lambda: source.open == 1)
        waiting = asyncio.create_task(client.get(_address("b")))
        await asyncio.sleep(0.05)
        answer = await client.get(_address("c"))
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "busy", "1")
        source.pictures["http://o.test/a"].go.set()
        assert {(await each).status_code for each in (*first, waiting)} == {200}
        assert (await client.get(_address("b"))).status_code == 200


async def test_by_hand_and_the_inspector_need_the_key() -> None:
    """Away from loopback without a configured key nobody may; with one, who has it."""
    calls = [
        ("PUT", "/images/cards/store?src=http://o.test/x"),
        ("DELETE", "/images/store"),
        ("GET", "/images/inspect"),
        ("GET", "/images/inspect/tables"),
        ("GET", "/images/cards/thumbnail?src=http://o.test/kept"),
    ]
    async with _client(FakeSource(), loopback=False) as client:
        for method, path in calls:
            assert (await client.request(method, path, content=_JPEG)).status_code == 403
    async with _client(FakeSource(), replace(default_config(), admin_key=_ADMIN), loopback=True) as client:
        for method, path in [("PUT", "/images/cards/store?src=http://o.test/kept"), *reversed(calls)]:
            assert (await client.request(method, path, content=_JPEG)).status_code == 401
            headers = {"Authorization": f"Bearer {_ADMIN}"}
            assert (await client.request(method, path, content=_JPEG, headers=headers)).status_code < 300
            for wrong in ("Basic Og==", "Basic", "Digest x", "Bearer", "Bearer \u00fc", f"Bearer {_ADMIN}x", _ADMIN):
                answer = await client.request(method, path, content=_JPEG, headers={"Authorization": wrong.encode()})
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"  # no browser asks for that by itself


async def test_the_inspectors_page_is_open_and_holds_nothing() -> None:
    """A browser cannot send a key before there is a page that asks for it."""
    config = replace(default_config(), admin_key=_ADMIN)
    async with _client(FakeSource(a=Picture(_JPEG)), config, loopback=False) as client:
        key = {"Authorization": f"Bearer {_ADMIN}"}
        assert (await client.put("/images/cards/store?src=http://o.test/x", content=_JPEG, headers=key)).is_success
        for path in _PAGES:
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "o.test" not in answer.text
        assert "o.test/x" in (await client.get("/images/inspect/tables", headers=key)).text


async def test_the_inspector_shows_what_is_there() -> None:
    """Per tier, loads in progress, hits and problems; the page escapes what strangers wrote."""
    picture = Picture(_JPEG, pause_after=8192)
    source = FakeSource(a=Picture(_JPEG), slow=picture)
    source.pictures["http://o.test/%3Cscript%3E&x"] = Picture(b"broken")
    async with _client(source) as client:
        await client.get(_address())
        await client.get(_address("<script>&x"))
        await client.get("/images/cards?src=http://o.test/%3Cscript%3E%26x&w=1")
        slow = asyncio.create_task(client.get(_address("slow")))
        await until(lambda: source.open == 1)
        seen = (await client.get("/images/inspect")).json()["pipelines"]["cards"]
        assert seen["rendered"]["entries"] == 1
        assert seen["encoded"]["bytes"] >= len(_JPEG)
        assert seen["loading"][0]["total"] == len(_JPEG)
        assert seen["hits"]["network"] == 1
        tables = (await client.get("/images/inspect/tables")).text
        assert "<script>" not in tables
        assert "%3Cscript%3E&amp;x" in tables
        picture.go.set()
        assert (await slow).status_code == 200


async def test_a_thumbnail_is_of_what_is_here() -> None:
    """From a variant, an original in memory or nothing: no origin is asked, and nothing is kept or counted."""
    source = FakeSource(a=Picture(_JPEG), b=Picture(_JPEG))
    async with _client(source) as client:
        await client.get(_address())
        await client.put("/images/cards/store?src=http://o.test/b", content=_JPEG)
        before = (await client.get("/images/inspect")).json()
        for name, status in (("a", 200), ("b", 200), ("c", 404)):
            answer = await client.get(f"/images/cards/thumbnail?src=http://o.test/{name}")
            assert answer.status_code == status
            if status == 200:
                assert max(decode(answer.content).size) == 128
                assert answer.headers["cache-control"] == "private, max-age=300"
        after = (await client.get("/images/inspect")).json()
        for name in ("hits", "rendered", "minutes"):
            assert after["pipelines"]["cards"][name] == before["pipelines"]["cards"][name]
        assert len(source.asked) == 1


async def test_the_inspector_tells_where_a_variant_came_from() -> None:
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        for width in (300, 299, 100):
            await client.get(_address(query=f"w={width}&format=png"))
        cards = (await client.get("/images/inspect")).json()["pipelines"]["cards"]
        made = {entry["width"]: entry["made_from"] for entry in cards["rendered"]["shown"]}
        assert (made[300], made[100]) == ("network", "encoded")
        assert cards["rendered"]["shown"][0]["original"]["format"] == "jpeg"
        assert cards["minutes"][-1]["hits"]["renders"] == 3
        assert set(cards["presets"]) == {"small", "large", "square"}


def test_problems_are_grouped_by_host_and_reason() -> None:
    problems = [
        (1.0, "http://o.test/a", "source_failed: answered 500"),
        (2.0, "http://p.test/a", "source_failed: answered 500"),
        (3.0, "http://o.test/b", "source_failed: answered 502"),
        (4.0, "http://o.test/b", "broken_picture: no"),
    ]
    found = [(each["host"], each["reason"], each["times"], each["pictures"]) for each in group_problems(problems)]
    assert found == [
        ("o.test", "broken_picture", 1, 1),
        ("o.test", "source_failed", 2, 2),
        ("p.test", "source_failed", 1, 1),
    ]


async def test_what_it_serves_is_described() -> None:
    """Every call stands in the OpenAPI document."""
    async with _client(FakeSource()) as client:
        paths = (await client.get("/schema/openapi.json")).json()["paths"]
        assert {"/images/{pipeline}", "/images/{pipeline}/info", "/images/{pipeline}/store", "/images/inspect"} <= set(
            paths
        )
        names = {parameter["name"] for parameter in paths["/images/{pipeline}"]["get"]["parameters"]}
        assert {"src", "w", "h", "fit", "format", "q", "dpr", "gravity", "preset", "expires", "signature"} <= names


@pytest.mark.parametrize("again", ["src=http%3A%2F%2Fo.test%2Fb", "w=100", "signature=x"])
async def test_a_parameter_that_stands_twice_is_refused(again: str) -> None:
    """Who signs or filters in front of us might read the other one."""
    source = FakeSource(a=Picture(_JPEG))
    async with _client(source) as client:
        answer = await client.get(f"{_address()}&signature=y&{again}")
        assert (answer.status_code, answer.json()["code"]) == (400, "http_400")
        assert "stands more than once" in answer.json()["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert source.asked == []


async def test_a_list_of_parameters_is_taken() -> None:
    async with _client(FakeSource(a=Picture(_JPEG))) as client:
        answer = await client.post("/images/cards/warm?src=http%3A%2F%2Fo.test%2Fa&variant=w%3D10&variant=w%3D20")
        assert answer.json() == {"queued": 2}
