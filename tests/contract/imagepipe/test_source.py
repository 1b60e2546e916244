"""The `Source` port: a folder, HTTP and the fake keep the same promises."""

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from groundwork.clock import SystemClock
from imagepipe.originals.sources.folder import FolderSource
from imagepipe.originals.sources.http import HttpSource
from imagepipe.ports import Source, SourceEnded, SourceResponse, Wanted
from tests.integration.imagepipe.fakes import FakeSource, Picture
from tests.origin import Origin

_BODY = bytes(range(256)) * 40
_FAR = 4_000_000_000.0


async def _site(folder: Path) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture(params=["folder", "http", "fake"])
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Source, str]]:
    (tmp_path / "a.jpg").write_bytes(_BODY)
    if request.param == "folder":
        yield FolderSource(tmp_path), "http://o.test/a.jpg"
    elif request.param == "fake":
        fake = FakeSource()
        fake.pictures["http://o.test/a.jpg"] = Picture(_BODY)
        yield fake, "http://o.test/a.jpg"
    else:
        runner, base = await _site(tmp_path)
        http = HttpSource(SystemClock(), user_agent="test", allow_private=True)
        yield http, f"{base}/a.jpg"
        await http.close()
        await runner.cleanup()


async def _fetch(source: Source, wanted: Wanted) -> tuple[SourceResponse, bytes]:
    answer = await source.fetch(wanted)
    assert isinstance(answer, SourceResponse)
    return answer, b"".join([chunk async for chunk in answer.chunks])


async def test_a_source_gives_the_whole_picture(source: tuple[Source, str]) -> None:
    """All bytes, their number, and a validator."""
    adapter, url = source
    answer, body = await _fetch(adapter, Wanted(url, 10**6, _FAR))
    assert (answer.status, body, answer.total) == (200, _BODY, len(_BODY))
    assert answer.etag
    assert answer.accept_ranges or isinstance(adapter, HttpSource)


async def test_a_source_gives_the_rest_of_a_picture(source: tuple[Source, str]) -> None:
    """From the byte asked for, if the validator still holds."""
    adapter, url = source
    first, _ = await _fetch(adapter, Wanted(url, 10**6, _FAR))
    answer, body = await _fetch(adapter, Wanted(url, 10**6, _FAR, 5000, first.etag))
    assert (answer.status, answer.start, answer.total, body) == (206, 5000, len(_BODY), _BODY[5000:])


async def test_another_version_starts_over(source: tuple[Source, str]) -> None:
    """A validator that does not hold gives the whole; or, from a server that overlooks it, the ETag tells."""
    adapter, url = source
    answer, body = await _fetch(adapter, Wanted(url, 10**6, _FAR, 5000, '"another"'))
    assert (answer.status, body) == (200, _BODY) or answer.etag not in (None, '"another"')


async def test_a_source_says_that_a_picture_is_unchanged(source: tuple[Source, str]) -> None:
    """304 and no bytes."""
    adapter, url = source
    first, _ = await _fetch(adapter, Wanted(url, 10**6, _FAR))
    answer, body = await _fetch(adapter, Wanted(url, 10**6, _FAR, 0, first.etag))
    assert (answer.status, body) == (304, b"")


async def test_absence_is_an_ending(source: tuple[Source, str]) -> None:
    """Named, with a sentence; nothing is raised."""
    adapter, url = source
    answer = await adapter.fetch(Wanted(url.replace("a.jpg", "b.jpg"), 10**6, _FAR))
    assert isinstance(answer, SourceEnded)
    assert answer.ending in ("not_found", "http_error")
    assert answer.reason


async def test_the_folder_is_never_left(tmp_path: Path) -> None:
    """Not by dots, encoded dots or links."""
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(b"s")
    (inside / "link").symlink_to(tmp_path / "secret")
    source = FolderSource(inside)
    for path in ("../secret", "%2e%2e/secret", "link", "/../secret", "%00", "a" * 5000):
        assert isinstance(await source.fetch(Wanted(f"http://o.test/{path}", 100, _FAR)), SourceEnded)


async def test_private_addresses_are_refused_at_the_socket(tmp_path: Path) -> None:
    """Unless allowed, whatever way the address is written."""
    runner, base = await _site(tmp_path)
    source = HttpSource(SystemClock(), user_agent="test")
    try:
        for url in (base, base.replace("127.0.0.1", "localhost"), base.replace("127.0.0.1", "[::ffff:127.0.0.1]")):
            answer = await source.fetch(Wanted(url + "/a.jpg", 100, _FAR))
            assert isinstance(answer, SourceEnded)
            assert answer.ending in ("blocked_address", "connect_error")
            assert not {"127.0.0.1", "::1"} & set(answer.reason.split()), "no caller learns where a name leads"
    finally:
        await source.close()
        await runner.cleanup()


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "100.64.0.1", "169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1%eth0", "::1"],
)
async def test_addresses_are_judged_by_the_guard_of_all_packages(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads there is refused before anything is dialled, and so is this machine's own address."""
    monkeypatch.setattr("imagepipe.originals.sources.http.own_addresses", lambda: ["203.1.2.3"])
    source = HttpSource(SystemClock(), user_agent="test")
    for target in (address, "203.1.2.3"):
        with pytest.raises(OSError, match=re.escape(target.split("%")[0])):
            source._socket((socket.AF_INET6, socket.SOCK_STREAM, 0, "", (target, 80)))
    source._socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("203.1.2.4", 80))).close()


async def test_a_broken_transfer_is_told(tmp_path: Path) -> None:
    """As an `ImageError` in mid-stream, not as the library's own."""
    from imagepipe.errors import SourceFailed

    half = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: "a"\r\nConnection: close\r\n\r\nonly this'
    source = HttpSource(SystemClock(), user_agent="test", allow_private=True)
    async with Origin(default=half) as origin:
        answer = await source.fetch(Wanted(f"http://{origin.target}/", 1000, _FAR))
        assert isinstance(answer, SourceResponse)
        with pytest.raises(SourceFailed):
            [chunk async for chunk in answer.chunks]
        await source.close()
