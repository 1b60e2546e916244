"""What a fetcher posts to a webhook's receiver: byte for byte, beside the domain's queue, and never past the guard."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest

from fetchers import wire
from fetchers.building import Adapters, build_fetcher
from fetchers.config import FetchersConfig, RateLimits
from fetchers.fetcher import Fetcher
from fetchers.model import Ended, Ending, Headers, HopRequest, HopResult, Post, Response
from fetchers.ports import Blocked
from fetchers.stores.memory import MemoryHostStates, NoSharedCache
from fetchers.transport.aiohttp import AiohttpTransport
from fetchers.transport.resolver import Resolver
from groundwork.address_guard import AddressPolicy
from groundwork.clock import SystemClock
from tests.receiver import Answer, Receiver, Taken

HEADERS: Headers = (("Content-Type", "application/json"), ("webhook-id", "n1"))
SLOW = FetchersConfig(rate_limit=RateLimits(per_second=0.001, burst=1))
LOCAL = ("127.0.0.0/8",)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def forgotten(receiver: Receiver) -> None:
    receiver.requests.clear()
    receiver.answers.clear()


class Answers(Resolver):
    """A name server that says what it is told, the last thing for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        super().__init__()
        self._said = list(answers)

    async def resolve(self, name: str) -> tuple[str, ...]:
        return tuple(self._said.pop(0) if len(self._said) > 1 else self._said[0])


class Unblocked:
    """Names one domain that may not be asked."""

    def verdict(self, url: str) -> Blocked | None:
        return Blocked("it is on the list") if "blocked" in url else None


class PublicLoopback(AddressPolicy):
    """Takes loopback for a public address, so that a test can reach it as one."""

    def refusal(self, address: str) -> str | None:
        return None

    def port_refusal(self, port: int, address: str) -> str | None:
        return None

    def exempts(self, address: str) -> bool:
        return False


@asynccontextmanager
async def opened(policy: AddressPolicy, resolver: Resolver | None = None) -> AsyncIterator[Fetcher]:
    transport = AiohttpTransport(policy, resolver=resolver)
    adapters = Adapters(transport, MemoryHostStates(), NoSharedCache(), policy=Unblocked())
    fetcher = build_fetcher(SLOW, adapters)
    running = asyncio.create_task(fetcher.run())
    try:
        yield fetcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await transport.aclose()


async def post(fetcher: Fetcher, url: str, body: bytes = b"{}", headers: Headers = HEADERS) -> HopResult:
    by = SystemClock().now() + 20
    request = HopRequest(url, by, by, purpose="webhook", streamed=True, post=Post(body, headers))
    async with fetcher.open_hop(request) as (head, chunks):
        return await chunks.whole() if isinstance(head, Response) else head


def ending(result: HopResult) -> Ending:
    assert isinstance(result, Ended), result
    return result.ending


async def test_body_and_headers_go_out_byte_for_byte(receiver: Receiver) -> None:
    body = '{"a": "é\r\n\x00 "}'.encode()
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        result = await post(fetcher, receiver.url("/x?y=%7c|"), body)
    assert isinstance(result, Response)
    assert (result.status_code, result.body) == (200, b"ok")
    (taken,) = receiver.requests
    assert (taken.path, taken.body) == ("/x?y=%7c|", body)
    assert taken.headers["content-length"] == str(len(body))
    assert taken.headers["webhook-id"] == "n1"


async def test_neither_robots_nor_the_turn_of_the_domain_is_waited_for(receiver: Receiver) -> None:
    """At one request in a thousand seconds twenty posts go out at once, each for itself, over connections that are
    kept."""
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        results = await asyncio.gather(*(post(fetcher, receiver.url("/same")) for _ in range(20)))
        assert fetcher.queues.waiting == 0
    assert all(isinstance(one, Response) for one in results)
    assert [one.path for one in receiver.requests] == ["/same"] * 20


async def test_a_redirect_is_an_answer(receiver: Receiver) -> None:
    receiver.answers["/moved"] = Answer(307, headers={"Location": receiver.url("/inside")})
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        result = await post(fetcher, receiver.url("/moved"))
    assert isinstance(result, Response)
    assert result.status_code == 307
    assert [one.path for one in receiver.requests] == ["/moved"]


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])
async def test_the_guard_holds(receiver: Receiver, host: str) -> None:
    async with opened(AddressPolicy(ports=(receiver.port,))) as fetcher:
        assert ending(await post(fetcher, f"http://{host}:{receiver.port}/")) is Ending.BLOCKED_ADDRESS
    assert receiver.requests == []


async def test_a_name_that_moves_inside_is_not_followed(receiver: Receiver) -> None:
    """DNS rebinding: public when it was named, private when it is dialled; or both at once."""
    inside, mixed = ("127.0.0.1",), ("93.184.216.34", "127.0.0.1")
    for answers in ((inside,), (mixed,)):
        async with opened(AddressPolicy(ports=(receiver.port,)), Answers(*answers)) as fetcher:
            result = await post(fetcher, f"https://hooks.example:{receiver.port}/")
            assert ending(result) is Ending.BLOCKED_ADDRESS
    assert receiver.requests == []


async def test_plain_http_is_for_addresses_that_a_setting_names(receiver: Receiver) -> None:
    """Whatever the guard says of the address, and on a connection that is open already as well."""
    async with opened(PublicLoopback(), Answers(("127.0.0.1",))) as fetcher:
        for _ in range(2):
            result = await post(fetcher, f"http://hooks.example:{receiver.port}/")
            assert ending(result) is Ending.BLOCKED_ADDRESS
    assert receiver.requests == []
    async with opened(AddressPolicy(LOCAL), Answers(("127.0.0.1",))) as fetcher:
        assert isinstance(await post(fetcher, f"http://hooks.example:{receiver.port}/"), Response)


async def test_what_a_list_blocks_is_sent_nothing(receiver: Receiver) -> None:
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        assert ending(await post(fetcher, receiver.url("/blocked"))) is Ending.BLOCKED_DOMAIN
        assert ending(await post(fetcher, "file:///etc/passwd")) is Ending.UNSUPPORTED_SCHEME
    assert receiver.requests == []


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\rb", "a\0b", "a\r\n\r\nGET / HTTP/1.1", "☃"])
async def test_no_header_breaks_out_of_its_line(receiver: Receiver, value: str) -> None:
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        result = await post(fetcher, receiver.url("/"), headers=(("webhook-id", value),))
        assert ending(result) is Ending.PROTOCOL_ERROR
    assert receiver.requests == []


async def test_a_huge_answer_is_read_no_further_than_it_is_of_use(receiver: Receiver) -> None:
    receiver.answers["/huge"] = Answer(200, b"x" * 8_000_000)
    receiver.answers["/bomb"] = Answer(200, _bomb(), {"Content-Encoding": "gzip"})
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        for path in ("/huge", "/bomb"):
            result = await post(fetcher, receiver.url(path))
            assert isinstance(result, Response)
            assert result.status_code == 200
            assert len(result.body) <= 64 * 1024


def _bomb() -> bytes:
    import gzip

    return gzip.compress(b"0" * 20_000_000)


async def test_slow_receivers_hold_up_no_other_on_the_same_host(receiver: Receiver) -> None:
    """More of them than a host may have connections for pages."""
    import threading

    gate = threading.Event()
    receiver.answers["/slow"] = lambda _: Answer(until=gate)
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        slow = [asyncio.create_task(post(fetcher, receiver.url("/slow"))) for _ in range(12)]
        while len(receiver.at("/slow")) < 12:
            await asyncio.sleep(0.01)
        assert isinstance(await post(fetcher, receiver.url("/quick")), Response)
        gate.set()
        assert all(isinstance(one, Response) for one in await asyncio.gather(*slow))


async def test_a_connection_that_died_in_the_pool_costs_no_delivery(receiver: Receiver) -> None:
    def leave(_: Taken) -> Answer:
        return Answer(headers={"Connection": "close"})

    receiver.answers["/leaves"] = leave
    async with opened(AddressPolicy(LOCAL)) as fetcher:
        for _ in range(5):
            assert isinstance(await post(fetcher, receiver.url("/leaves")), Response)
    assert len(receiver.requests) == 5


def test_a_post_goes_over_the_wire_as_it_is() -> None:
    """An older fetcher, which would make a GET of it, does not know its purpose and refuses."""
    request = HopRequest("https://hooks.example/", 1.0, 2.0, purpose="webhook", post=Post(b"\x00\xff", HEADERS))
    assert wire.unpack_request(wire.pack_request(request, 0.0), 0.0) == request
