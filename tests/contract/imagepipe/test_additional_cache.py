"""The `AdditionalCache` port: a folder and an HTTP store keep the same promises."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

import pytest
from aiohttp import web

from imagepipe.errors import ImageError
from imagepipe.originals.additional import FolderCache, HttpCache
from imagepipe.ports import AdditionalCache

_URL = "http://o.test/a b.jpg?x=1"


@pytest.fixture(params=["folder", "http"])
async def cache(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AdditionalCache]:
    if request.param == "folder":
        (tmp_path / sha256(_URL.encode()).hexdigest()).write_bytes(b"bytes")
        yield FolderCache(tmp_path)
        return

    async def answer(ask: web.Request) -> web.Response:
        url = unquote(ask.raw_path.removeprefix("/cache/"))
        if "broken" in url:
            return web.Response(status=500)
        return web.Response(body=b"bytes") if url == _URL else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/cache/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    http = HttpCache(f"http://127.0.0.1:{runner.addresses[0][1]}/cache/")
    yield http
    await http.close()
    await runner.cleanup()


async def test_present_and_absent(cache: AdditionalCache) -> None:
    """The bytes, or None."""
    assert await cache.get(_URL) == b"bytes"
    assert await cache.get("http://o.test/other") is None
    assert cache.name


async def test_trouble_is_an_image_error(cache: AdditionalCache) -> None:
    """So that the look-up can pass it over and count it."""
    if isinstance(cache, HttpCache):
        with pytest.raises(ImageError):
            await cache.get("http://o.test/broken")


async def test_a_folder_is_also_read_by_host_and_path(tmp_path: Path) -> None:
    """As a mirroring tool would have laid it out; never outside."""
    (tmp_path / "store" / "o.test").mkdir(parents=True)
    (tmp_path / "store" / "o.test" / "a.jpg").write_bytes(b"mirrored")
    (tmp_path / "secret").write_bytes(b"s")
    cache = FolderCache(tmp_path / "store")
    assert await cache.get("http://o.test/a.jpg") == b"mirrored"
    assert await cache.get("http://o.test/../../secret") is None
    assert await cache.get("http://../secret") is None
