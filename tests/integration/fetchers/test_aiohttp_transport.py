"""The transport against raw sockets on loopback: what goes on the wire, what comes back, and what is never dialled."""

import asyncio
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig
from fetchers.errors import BlockedAddress, ConnectError, DnsError, ProtocolError, TimedOut, TlsError, TransportError
from fetchers.model import HopRequest, Response
from fetchers.ports import AnswerHead, Timeouts, TransportRequest
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from fetchers.transport.aiohttp import AiohttpTransport
from fetchers.transport.connection import PoolLimits
from fetchers.transport.resolver import Overrides, Resolver
from fetchers.urls import split
from groundwork.address_guard import AddressPolicy
from tests.corpora import CORPORA
from tests.origin import Origin, Request

WPT = CORPORA / "url_normalisation" / "wpt_http_urls.json"

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with Origin(default=OK) as origin:
        yield origin


@pytest.fixture
async def transport(origin: Origin) -> AsyncIterator[AiohttpTransport]:
    """Dials the origin for every name below .test."""
    transport = AiohttpTransport(AddressPolicy(), resolve={"*.test": origin.target})
    yield transport
    await transport.aclose()


TWO_SECONDS = Timeouts(2.0, None, 2.0)


class Right:
    """The right to send, at any time; it notes what was written."""

    def __init__(self) -> None:
        self.writes = 0

    def may_write(self) -> bool:
        return True

    def written(self) -> None:
        self.writes += 1

    async def again(self) -> bool:
        return True


def request(url: str, *, timeouts: Timeouts = TWO_SECONDS, right: Right | None = None, **more: str) -> TransportRequest:
    """As the fetcher makes it."""
    parts = split(url)
    headers = (("Host", parts.authority), ("User-Agent", "TestBot/1.0"), *more.items())
    return TransportRequest(parts, headers, right or Right(), timeouts)


async def fetch(transport: AiohttpTransport, url: str, **more: Any) -> tuple[AnswerHead, bytes]:
    async with transport.open(request(url, **more)) as (head, chunks):
        return head, b"".join([chunk async for chunk in chunks])


# On the wire ----------------------------------------------------------------------------------------------------------


async def test_request_target_is_byte_for_byte_the_serialisation(transport: AiohttpTransport, origin: Origin) -> None:
    """Neither quoted again nor unquoted, an empty query's `?` kept, the fragment left out; and nothing added."""
    targets = ["/?", "/a|b", "/'%27%2F%2f/%7Ex", "/x?a=%20+&b='|[]{}&&=", "/%", "/é", "//a//b/?x?y"]
    for target in targets:
        await fetch(transport, f"http://a.test{target}#f")
    lines = [head.split(b"\r\n")[0] for head in origin.heads]
    assert lines == [f"GET {split('http://a.test' + target).target} HTTP/1.1".encode() for target in targets]
    assert origin.heads[0] == b"GET /? HTTP/1.1\r\nHost: a.test\r\nUser-Agent: TestBot/1.0\r\n\r\n"


async def test_every_url_of_the_web_platform_tests_goes_out_as_it_is(origin: Origin) -> None:
    """Target and `Host` header of each http URL of the corpus, read from a raw socket."""
    if not WPT.exists():
        pytest.skip(f"{WPT} is absent; set SPIDERDUCK_CORPORA to the folder of corpora")
    urls = sorted({case["href"] for case in json.loads(WPT.read_text()) if case.get("href", "").startswith("http:")})
    hosts = {split(url).host.rstrip(".") for url in urls}
    transport = AiohttpTransport(AddressPolicy(), resolve=dict.fromkeys(hosts, origin.target))
    try:
        for url in urls:
            await fetch(transport, url)
    finally:
        await transport.aclose()
    assert len(urls) > 50
    for url, head in zip(urls, origin.heads, strict=True):
        lines = head.decode("ascii").split("\r\n")
        authority, slash, rest = url.removeprefix("http://").partition("#")[0].partition("/")
        assert lines[0] == f"GET {slash}{rest} HTTP/1.1"
        assert lines[1] == f"Host: {authority.rpartition('@')[2]}"


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "/\n", "/\0"])
async def test_no_request_can_break_out_of_its_line(transport: AiohttpTransport, origin: Origin, target: str) -> None:
    """Refused before anything is sent."""
    parts = split("http://a.test/")._replace(target=target)
    with pytest.raises(ProtocolError):
        async with transport.open(TransportRequest(parts, (), Right())):
            pass
    assert origin.heads == []


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "\0", "\u2028"])
async def test_no_header_can_break_out_of_its_line(transport: AiohttpTransport, origin: Origin, value: str) -> None:
    with pytest.raises(ProtocolError):
        await fetch(transport, "http://a.test/", Accept=value)
    assert origin.heads == []


async def test_header_values_go_out_byte_for_byte(transport: AiohttpTransport, origin: Origin) -> None:
    """A validator comes back as its server sent it, whatever its bytes."""
    await fetch(transport, "http://a.test/", ETag='"\xe9\xff"')
    assert b'ETag: "\xe9\xff"\r\n' in origin.heads[0]


# Connections ----------------------------------------------------------------------------------------------------------


async def test_a_connection_is_used_again_once_its_body_is_read(transport: AiohttpTransport, origin: Origin) -> None:
    """And the answer says so, with the address."""
    first, body = await fetch(transport, "http://a.test/1")
    second, _ = await fetch(transport, "http://a.test/2")
    assert body == b"hello"
    assert origin.connections == 1
    info, again = first.connection, second.connection
    assert info is not None
    assert again is not None
    assert (info.address, info.port, info.reused, again.reused) == ("127.0.0.1", origin.port, False, True)
    assert info.connect_seconds > 0
    assert again.connect_seconds == 0


async def test_a_body_left_unread_ends_its_connection(transport: AiohttpTransport, origin: Origin) -> None:
    """An endless one too, at once."""

    async def endless(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    origin.default = endless
    async with transport.open(request("http://a.test/radio")) as (_, chunks):
        assert await anext(chunks)
    origin.default = OK
    await fetch(transport, "http://a.test/next")
    assert origin.connections == 2


async def test_the_right_is_told_when_the_head_is_written(transport: AiohttpTransport, origin: Origin) -> None:
    """Before the answer comes, once."""
    right = Right()
    released = asyncio.Event()

    async def late(asked: Request, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.write(OK)

    origin.default = late
    waiting = asyncio.create_task(fetch(transport, "http://a.test/", right=right))
    await origin.has_seen(1)
    assert right.writes == 1
    released.set()
    await waiting
    assert right.writes == 1


async def test_a_connection_that_died_in_the_pool_is_replaced(transport: AiohttpTransport, origin: Origin) -> None:
    """The server closed it while the next request was under way: one more attempt, on a new connection."""
    await fetch(transport, "http://a.test/1")
    seen = 0

    async def close_once(asked: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            writer.close()
            raise ConnectionResetError
        writer.write(OK)

    origin.default = close_once
    right = Right()
    _, body = await fetch(transport, "http://a.test/2", right=right)
    assert body == b"hello"
    assert (origin.connections, right.writes) == (2, 2)


async def test_a_new_connection_that_closes_without_an_answer_is_an_error(
    transport: AiohttpTransport, origin: Origin
) -> None:
    """It is not tried again."""

    async def hang_up(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.close()
        raise ConnectionResetError

    origin.default = hang_up
    with pytest.raises(ConnectError):
        await fetch(transport, "http://a.test/")
    assert origin.connections == 1


async def test_cancelling_gives_the_connection_up(transport: AiohttpTransport, origin: Origin) -> None:
    """And the next request works."""

    async def never(asked: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    origin.default = never
    waiting = asyncio.create_task(fetch(transport, "http://a.test/"))
    await origin.has_seen(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    origin.default = OK
    assert (await fetch(transport, "http://a.test/"))[1] == b"hello"


# Answers --------------------------------------------------------------------------------------------------------------


async def test_headers_come_back_as_they_were_sent(transport: AiohttpTransport, origin: Origin) -> None:
    """Order, repetition and bytes; encodings are not undone, redirects not followed, cookies not kept."""
    origin.default = (
        b"HTTP/1.1 302 Weiter \xfc\r\nLocation: /y\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\nX: \xff\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"
    )
    response, body = await fetch(transport, "http://a.test/")
    await fetch(transport, "http://a.test/")
    assert response.status_code == 302
    assert response.headers[1:4] == ((b"Set-Cookie", b"a=b"), (b"set-cookie", b"c=d"), (b"X", b"\xff"))
    assert body == b"\x1f\x8b"
    assert response.http_version == "HTTP/1.1"
    assert b"ookie" not in origin.heads[1]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
    ],
)
async def test_every_framing_of_a_body_is_read(
    transport: AiohttpTransport, origin: Origin, answer: bytes, body: bytes
) -> None:
    """Chunks with extensions and trailers, interim answers, and answers without a body, keeping the connection."""
    origin.default = answer
    assert (await fetch(transport, "http://a.test/"))[1] == body
    origin.default = OK
    assert (await fetch(transport, "http://a.test/"))[1] == b"hello"
    assert origin.connections == 1


async def test_a_body_without_a_length_ends_with_the_connection(transport: AiohttpTransport, origin: Origin) -> None:
    """HTTP/1.0 and `Connection: close`."""

    async def close_after(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        await writer.drain()
        writer.close()
        raise ConnectionResetError

    origin.default = close_after
    response, body = await fetch(transport, "http://a.test/")
    assert (body, response.http_version) == (b"all of it", "HTTP/1.0")


HEADERS_WITHOUT_END = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X%d: %s\r\n" % (n, b"y" * 20_000) for n in range(60))


@pytest.mark.parametrize(
    "answer",
    [
        b"hello, this is no HTTP at all\r\n\r\n",
        b"<html>an HTTP/0.9 answer</html>",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
        HEADERS_WITHOUT_END,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
async def test_what_is_no_proper_http_ends_as_such(transport: AiohttpTransport, origin: Origin, answer: bytes) -> None:
    """Garbage, endless headers, endless interim answers, unasked upgrades, bodies that break off."""

    async def send_and_close(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()
        raise ConnectionResetError

    origin.default = send_and_close
    with pytest.raises(ProtocolError) as caught:
        await fetch(transport, "http://a.test/")
    assert str(caught.value).startswith("a.test ")
    assert str(caught.value).isprintable()


async def test_silence_ends_at_the_read_limit(transport: AiohttpTransport, origin: Origin) -> None:
    """Before the head, and between the bytes of the body."""

    async def never(asked: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def half(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(OK[:-2])
        await asyncio.Event().wait()

    for answer in (never, half):
        origin.default = answer
        with pytest.raises(TimedOut) as caught:
            await fetch(transport, "http://a.test/", timeouts=Timeouts(1.0, None, 0.05))
        assert caught.value.phase == "read"
    origin.default = half
    with pytest.raises(TimedOut):
        await fetch(transport, "http://a.test/", timeouts=Timeouts(None, 5.0, 0.05))


# The address guard ----------------------------------------------------------------------------------------------------


def lookup_of(*answers: Sequence[str], ttl: float = 60.0) -> Callable[[str], Awaitable[list[tuple[str, float]]]]:
    """A name server that gives one answer after the other, the last one for ever."""
    left = list(answers)

    async def lookup(name: str) -> list[tuple[str, float]]:
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(address, ttl) for address in addresses]

    return lookup


PRIVATE_URLS = [
    "http://127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://017700000001:{port}/",
    "http://①②⑦.０.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://localhost:{port}/",
    "http://a.localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://0/",
    "http://user@127.0.0.1:{port}/",
]


@pytest.mark.parametrize("url", PRIVATE_URLS)
async def test_no_way_of_writing_it_leads_to_loopback(origin: Origin, url: str) -> None:
    """With the port allowed, so that it is the address that is refused; the listener sees no connection."""
    transport = AiohttpTransport(AddressPolicy(ports=[origin.port, 80]))
    try:
        with pytest.raises(BlockedAddress):
            await fetch(transport, split(url.format(port=origin.port)).origin + "/")
    finally:
        await transport.aclose()
    assert origin.connections == 0


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "93.184.215.14"], ["::ffff:127.0.0.1"]]
)
async def test_one_private_answer_refuses_a_name(origin: Origin, addresses: list[str]) -> None:
    """Also beside a public one, in either order."""
    transport = AiohttpTransport(AddressPolicy(ports=[origin.port]), resolver=Resolver(lookup_of(addresses)))
    try:
        with pytest.raises(BlockedAddress) as caught:
            await fetch(transport, f"http://evil.example:{origin.port}/")
    finally:
        await transport.aclose()
    assert origin.connections == 0
    assert "evil.example" in str(caught.value)


async def test_a_name_server_that_changes_its_answer_gains_nothing(origin: Origin) -> None:
    """What was checked is dialled; a later answer is checked again."""
    policy = AddressPolicy(allow_addresses=["127.0.0.1/32"], ports=[origin.port])
    lookup = lookup_of(["127.0.0.1"], ["127.0.0.2"], ttl=0.0)
    now = 0.0
    transport = AiohttpTransport(policy, resolver=Resolver(lookup, monotonic=lambda: now))
    try:
        url = f"http://rebind.example:{origin.port}/"
        origin.default = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        await fetch(transport, url)
        now = 1000.0
        with pytest.raises(BlockedAddress):
            await fetch(transport, url)
    finally:
        await transport.aclose()
    assert origin.connections == 1


async def test_the_socket_itself_is_guarded(origin: Origin) -> None:
    """Where every check before were to fail, the last look at the address that is dialled still stands."""
    transport = AiohttpTransport(AddressPolicy(ports=[origin.port]))
    make_socket = transport._dialler._guarded_socket
    from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM

    with pytest.raises(BlockedAddress):
        make_socket("inside.example", (AF_INET, SOCK_STREAM, IPPROTO_TCP, "", ("127.0.0.1", origin.port)))
    await transport.aclose()


async def test_ports_are_limited_for_public_addresses() -> None:
    """No mail server is talked to."""
    transport = AiohttpTransport(AddressPolicy(), resolver=Resolver(lookup_of(["93.184.215.14"])))
    try:
        with pytest.raises(BlockedAddress) as caught:
            await fetch(transport, "http://mail.example:25/")
    finally:
        await transport.aclose()
    assert "port 25" in str(caught.value)


async def test_overrides_open_their_names_only(origin: Origin) -> None:
    """The address behind a `resolve` target stays refused under any other name, even with its own port allowed."""
    transport = AiohttpTransport(AddressPolicy(ports=[origin.port]), resolve={"a.test": origin.target})
    try:
        assert (await fetch(transport, "http://A.test.:7777/"))[1] == b"hello"
        for url in (f"http://127.0.0.1:{origin.port}/", f"http://localhost:{origin.port}/"):
            with pytest.raises(BlockedAddress):
                await fetch(transport, url)
    finally:
        await transport.aclose()
    assert origin.connections == 1


def test_the_longest_pattern_of_an_override_wins() -> None:
    """Exact names first, then the longest suffix; a suffix does not stand for the name itself."""
    overrides = Overrides({"*.test": "127.0.0.1:1", "*.b.test": "[::1]:2", "a.b.test": "host.example:3"})
    assert overrides.find("x.test") == ("127.0.0.1", 1)
    assert overrides.find("X.Y.B.test.") == ("::1", 2)
    assert overrides.find("a.b.test") == ("host.example", 3)
    assert overrides.find("test") is None
    assert overrides.find("xtest") is None
    for wrong in ("127.0.0.1", ":80", "host:"):
        with pytest.raises(ValueError):
            Overrides({"a": wrong})


# Names ----------------------------------------------------------------------------------------------------------------


async def test_the_second_address_is_dialled_where_the_first_fails(origin: Origin) -> None:
    """Happy eyeballs: both families, whichever answers."""
    policy = AddressPolicy(allow_addresses=["127.0.0.0/8", "::1/128"])
    transport = AiohttpTransport(policy, resolver=Resolver(lookup_of(["::1", "127.0.0.1"])))
    try:
        response, _ = await fetch(transport, f"http://two.example:{origin.port}/")
    finally:
        await transport.aclose()
    assert response.connection is not None
    assert response.connection.address == "127.0.0.1"


async def test_a_refused_connection_and_an_unknown_name_have_their_errors(origin: Origin) -> None:
    """Each its own ending."""

    async def unknown(name: str) -> list[tuple[str, float]]:
        raise DnsError(f"{name} does not exist")

    closed = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    transport = AiohttpTransport(
        AddressPolicy(), resolve={"refused.test": f"127.0.0.1:{port}"}, resolver=Resolver(unknown)
    )
    try:
        with pytest.raises(ConnectError):
            await fetch(transport, "http://refused.test/")
        with pytest.raises(DnsError):
            await fetch(transport, "http://nowhere.example/")
    finally:
        await transport.aclose()


async def test_only_http_is_spoken(transport: AiohttpTransport) -> None:
    """Anything else is refused before it is looked up."""
    with pytest.raises(ProtocolError):
        await fetch(transport, "ftp://a.test/")


# TLS ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for *.site.test, key included."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    key = path.with_name("key.pem")
    names = "subjectAltName=DNS:*.site.test"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=The Test Site", "-addext", names, "-days", "2", "-keyout", str(key), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


async def _the_fetcher_tells_it(transport: AiohttpTransport) -> None:
    """Version and subject stand in the answer that a caller gets."""
    fetcher = build_fetcher(FetchersConfig(), Adapters(transport, MemoryHostStates(), NoSharedCache()))
    running = asyncio.create_task(fetcher.run())
    by = time.time() + 10.0
    answer = await fetcher.perform(HopRequest("https://a.site.test/", by, by, purpose="robots"))
    running.cancel()
    assert isinstance(answer, Response)
    assert (answer.certificate_subject, answer.tls_version) == ("The Test Site", "TLSv1.3")


async def test_tls_is_verified_and_recorded(certificate: Path) -> None:
    """The right name in the handshake, also for emoji hosts and trailing dots; version and subject in the answer."""
    names: list[str | None] = []
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    serving.sni_callback = lambda _, name, __: names.append(name)
    origin = Origin(default=OK)
    await origin.start(serving)
    trusting = ssl.create_default_context(cafile=str(certificate))
    transport = AiohttpTransport(AddressPolicy(), resolve={"*.test": origin.target}, ssl_context=trusting)
    distrusting = AiohttpTransport(AddressPolicy(), resolve={"*.test": origin.target})
    try:
        response, body = await fetch(transport, "https://a.site.test/")
        assert body == b"hello"
        info = response.connection
        assert info is not None
        assert (info.certificate_subject, info.tls_version) == ("The Test Site", "TLSv1.3")
        assert info.tls_seconds > 0
        await _the_fetcher_tells_it(transport)
        await fetch(transport, split("https://☕.site.test/").origin + "/")
        await fetch(transport, "https://b.site.test./")
        assert names == ["a.site.test", "xn--53h.site.test", "b.site.test"]
        with pytest.raises(TlsError) as caught:
            await fetch(transport, "https://other.test/")
        assert "other.test" in str(caught.value)
        with pytest.raises(TlsError):
            await fetch(distrusting, "https://a.site.test/")
        assert len(origin.heads) == 4
    finally:
        await transport.aclose()
        await distrusting.aclose()
        await origin.stop()


async def test_plain_http_behind_https_is_a_tls_error(origin: Origin, transport: AiohttpTransport) -> None:
    """Not an answer, and nothing of the request is sent."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    other = AiohttpTransport(AddressPolicy(), resolve={"*.test": f"127.0.0.1:{server.sockets[0].getsockname()[1]}"})
    try:
        with pytest.raises(TlsError):
            await fetch(other, "https://a.test/")
    finally:
        await other.aclose()
        server.close()


# Load -----------------------------------------------------------------------------------------------------------------


async def test_connections_to_one_host_are_capped(origin: Origin) -> None:
    """The rest waits for as long as the request has time: that is no connect, whose limit is much shorter."""
    waiting = asyncio.Event()

    async def hold(asked: Request, writer: asyncio.StreamWriter) -> None:
        await waiting.wait()
        writer.write(OK)

    origin.default = hold
    transport = AiohttpTransport(AddressPolicy(), resolve={"*.test": origin.target}, limits=PoolLimits(per_host=2))
    try:
        tasks = [asyncio.create_task(fetch(transport, "http://a.test/")) for _ in range(2)]
        await origin.has_seen(2)
        others = [asyncio.create_task(fetch(transport, "http://a.test/", timeouts=Timeouts(0.01))) for _ in range(5)]
        await asyncio.wait(others, timeout=0.1)
        assert not any(other.done() for other in others)
        waiting.set()
        assert [body for _, body in await asyncio.gather(*tasks, *others)] == [b"hello"] * 7
        assert origin.connections == 2
    finally:
        await transport.aclose()


async def test_a_connect_that_takes_too_long_is_the_hosts_fault() -> None:
    """Other than a wait for one of our own connections."""
    transport = AiohttpTransport(AddressPolicy())

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    transport._dialler.dial = never  # type: ignore[method-assign,assignment]
    try:
        with pytest.raises(TimedOut) as caught:
            await fetch(transport, "http://a.test/", timeouts=Timeouts(0.05))
        assert caught.value.phase == "connect"
    finally:
        await transport.aclose()


async def test_idle_connections_are_bounded(origin: Origin) -> None:
    """Many hosts, each asked once, do not use up the file descriptors."""
    transport = AiohttpTransport(AddressPolicy(), resolve={"*.test": origin.target}, limits=PoolLimits(5))
    try:
        for number in range(20):
            await fetch(transport, f"http://host{number}.test/")
        assert transport._pool is not None
        assert sum(map(len, transport._pool._conns.values())) <= 5
        await fetch(transport, "http://host19.test/")
        assert origin.connections == 20
    finally:
        await transport.aclose()


def test_every_error_is_of_one_family() -> None:
    """With a code of its own, so that the table of endings is complete."""
    kinds = TransportError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) == 6
