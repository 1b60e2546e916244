"""Heads: how large, how slowly, and what follows one."""

import asyncio

import pytest

from tests.integration.groundwork.serving import Echo, serving

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n"


def head_of(size: int) -> bytes:
    """A whole head of that many bytes."""
    return GET + b"x-fill: " + b"f" * (size - len(GET) - 12) + b"\r\n\r\n"


@pytest.mark.parametrize("more", [0, 1, 5000, 3_000_000])
async def test_a_head_above_the_limit_is_answered_431(more: int) -> None:
    """The client sees the status, however much it sent, and the connection ends; at the limit all is well."""
    async with serving(Echo()) as served, served.client() as client:
        client.send(head_of(65_536 + more))
        status, _ = await client.answer()
        assert status == (431 if more else 200)
        if more:
            assert await client.ended() == b""


async def test_a_head_that_never_ends_is_refused_at_the_limit() -> None:
    """Nothing is collected beyond it, and the client reads the answer though it is still sending."""
    async with serving(Echo(), head_bytes=2048) as served, served.client() as client:
        client.send(GET + b"x: ")
        status = asyncio.ensure_future(client.answer())
        while not status.done():
            client.send(b"y" * 65_536)
            await asyncio.wait((status,), timeout=0)
            await client.writer.drain()
        assert (await status)[0] == 431


@pytest.mark.parametrize(
    "head",
    [b"GET /" + b"p" * 70_000, b"A" * 70_000, b"\r\n" * 40_000, GET + b"n" * 70_000, b"GET /?" + b"q" * 70_000],
    ids=["path", "method", "blank lines", "name", "query"],
)
async def test_every_part_of_a_head_counts(head: bytes) -> None:
    async with serving(Echo()) as served, served.client() as client:
        client.send(head)
        assert (await client.answer())[0] in (400, 431)
        assert await client.ended() == b""


async def test_many_small_fields_are_refused() -> None:
    """They cost more than their bytes."""
    async with serving(Echo(), head_fields=50) as served, served.client() as client:
        client.send(GET + b"a:b\r\n" * 50 + b"\r\n")
        assert (await client.answer())[0] == 431


async def test_a_head_after_a_body_has_the_whole_limit() -> None:
    """Bytes of the body before it in the same piece do not count."""
    async with serving(Echo(), head_bytes=4096) as served, served.client() as client:
        body = b"b" * 4000
        client.send(b"POST /a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4000\r\n\r\n" + body + head_of(4000))
        assert await client.answer() == (200, b"/a 4000")
        assert (await client.answer())[0] == 200


async def test_a_later_head_above_the_limit_does_not_take_the_answer_of_an_earlier_one() -> None:
    app = Echo()
    async with serving(app, head_bytes=2048) as served, served.client() as client:
        client.send(b"GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n" + head_of(10_000))
        await asyncio.sleep(0)
        app.go.set()
        assert await client.answer() == (200, b"/wait 0")
        assert await client.ended() == b""


@pytest.mark.parametrize("begin", [b"GET /", GET, b"\r\n"])
async def test_a_slow_head_is_told_and_closed(begin: bytes) -> None:
    """Also one that a byte is added to now and then: the deadline is that of the whole."""
    async with serving(Echo(), head_seconds=0.2) as served, served.client() as client:
        client.send(begin)
        ended = asyncio.ensure_future(client.ended())
        while not ended.done():
            client.send(b"\r\n" if begin == b"\r\n" else b"x")
            await asyncio.wait((ended,), timeout=0.03)
        assert (await ended).startswith(b"HTTP/1.1 408 ") or not await ended


async def test_a_connection_without_a_head_is_closed_in_silence() -> None:
    """Browsers connect in advance; an answer to nothing would be taken for that of their next request."""
    async with serving(Echo(), head_seconds=0.05) as served, served.client() as client:
        assert await client.ended() == b""


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not() -> None:
    app = Echo()
    async with serving(app, head_seconds=0.05, idle_seconds=0.05, body_seconds=0.05) as served, served.client() as one:
        one.send(b"GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n")
        async with served.client() as other:
            other.send(GET + b"\r\n")
            assert (await other.answer())[0] == 200
            assert await other.ended() == b""
        app.go.set()
        assert await one.answer() == (200, b"/wait 0")
        assert await one.ended() == b""


async def test_the_second_request_of_a_connection_has_a_deadline_too() -> None:
    async with serving(Echo(), head_seconds=0.1, idle_seconds=9) as served, served.client() as client:
        client.send(GET + b"\r\n")
        assert (await client.answer())[0] == 200
        client.send(b"GET / HT")
        assert (await client.ended()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("target", "sent", "seen"),
    [
        (b"http://evil.example/a", b"localhost", b"evil.example"),
        (b"http://LOCALHOST:81/a", b"evil.example", b"LOCALHOST:81"),
        (b"http://[::1]:81/a", b"evil.example", b"[::1]:81"),
        (b"http://evil.example", b"localhost", b"evil.example"),
        (b"/a", b"localhost", b"localhost"),
        (b"//evil.example/a", b"localhost", b"localhost"),
    ],
)
async def test_the_authority_of_an_absolute_target_is_the_host(target: bytes, sent: bytes, seen: bytes) -> None:
    """RFC 9112, section 3.2.2."""
    app = Echo()
    async with serving(app) as served, served.client() as client:
        client.send(b"GET " + target + b" HTTP/1.1\r\nhost: " + sent + b"\r\n\r\n")
        assert (await client.answer())[0] == 200
        assert app.hosts == [seen]


@pytest.mark.parametrize(
    "line",
    [
        b"GET http://me@localhost/ HTTP/1.1",
        b"GET * HTTP/1.1",
        b"CONNECT localhost:80 HTTP/1.1",
        b"GET file:///etc/passwd HTTP/1.1",
        b"nonsense",
        b"PRI * HTTP/2.0",
    ],
)
async def test_other_targets_are_refused(line: bytes) -> None:
    async with serving(Echo()) as served, served.client() as client:
        client.send(line + b"\r\nhost: localhost\r\n\r\n")
        assert (await client.answer())[0] == 400
        assert await client.ended() == b""


UPGRADE = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
POST = b"POST /b HTTP/1.1\r\nhost: localhost\r\n"


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (GET + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n", [b"/ 0"]),
        (POST + UPGRADE + b"content-length: 5\r\n\r\nhello", [b"/b 5"]),
        (POST + b"content-length: 5\r\n" + UPGRADE + b"\r\nhello" + GET + b"\r\n", [b"/b 5", b"/ 0"]),
        (POST + UPGRADE + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", [b"/b 7"]),
        ((POST + UPGRADE + b"content-length: 2\r\n\r\nhi") * 3, [b"/b 2"] * 3),
        (POST + UPGRADE + b"content-length: 0\r\n\r\n", [b"/b 0"]),
        (POST.replace(b"/b", b"http://localhost/c") + UPGRADE + b"content-length: 1\r\n\r\nx", [b"/c 1"]),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_an_upgrade_is_not_heard_and_the_body_is_read(sent: bytes, answers: list[bytes], size: int) -> None:
    """RFC 9110, section 7.8. However the bytes come, and whatever follows on the connection."""
    async with serving(Echo()) as served, served.client() as client:
        for start in range(0, len(sent), size):
            client.send(sent[start : start + size])
            await client.writer.drain()
            await asyncio.sleep(0)
        assert [await client.answer() for _ in answers] == [(200, one) for one in answers]


async def test_a_connection_that_was_to_close_closes_after_an_upgrade_too() -> None:
    async with serving(Echo()) as served, served.client() as client:
        client.send(POST + b"connection: upgrade, close\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\nhi")
        assert await client.answer() == (200, b"/b 2")
        assert await client.ended() == b""


async def test_lengths_that_contradict_are_refused_behind_an_upgrade() -> None:
    """Else somebody in front of us reads another request than we do."""
    async with serving(Echo()) as served, served.client() as client:
        client.send(POST + UPGRADE + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
        assert (await client.answer())[0] == 400
