"""Many names on one server: the transport that everybody gets keeps the address's pace, whatever the names."""

import asyncio
import time

from fetchers.config import FetchersConfig, Network, RateLimits
from fetchers.ports import ConnectionInfo, TransportRequest
from fetchers.standalone import make_transport
from fetchers.transport.aiohttp import AiohttpTransport
from fetchers.transport.resolver import Resolver
from fetchers.urls import split
from groundwork.address_guard import AddressPolicy
from tests.integration.fetchers.test_aiohttp_transport import Right
from tests.origin import Origin, http

PER_SECOND, BURST = 25.0, 2


class Anywhere(AddressPolicy):
    """As if loopback were a server like any other."""

    def refusal(self, address: str) -> str | None:
        return None

    def port_refusal(self, port: int, address: str) -> str | None:
        return None


async def everything_is_here(name: str) -> list[tuple[str, float]]:
    return [("127.0.0.1", 60.0)]


HELLO = http("hello")


async def fetch(transport: AiohttpTransport, url: str) -> ConnectionInfo:
    parts = split(url)
    request = TransportRequest(parts, (("Host", parts.authority),), Right())
    async with transport.open(request) as (head, chunks):
        assert b"".join([chunk async for chunk in chunks]) == b"hello"
    assert head.connection is not None
    return head.connection


def paced(**network: object) -> AiohttpTransport:
    limits = RateLimits(address_per_second=PER_SECOND, address_burst=BURST)
    return make_transport(FetchersConfig(rate_limit=limits, network=Network(**network)))  # type: ignore[arg-type]


async def test_names_on_one_address_share_its_pace_over_new_and_kept_connections() -> None:
    transport = paced()
    transport._dialler._policy, transport._dialler._resolver = Anywhere(), Resolver(everything_is_here)
    async with Origin(default=HELLO) as origin:
        began = time.time()
        urls = [f"http://site{number % 6}.example:{origin.port}/{number}" for number in range(12)]
        try:
            infos = await asyncio.gather(*(fetch(transport, url) for url in urls))
        finally:
            await transport.aclose()
    assert {info.paced_by for info in infos} == {"127.0.0.1"}
    arrivals = [request.at for request in origin.requests]
    assert len(arrivals) == len(urls)
    assert max(arrivals) - began >= (len(urls) - BURST) / PER_SECOND


async def test_a_target_that_a_setting_names_is_not_paced() -> None:
    """Somebody's own server, or all of a test's: neither `resolve` nor `allow_addresses`."""
    async with Origin(default=HELLO) as origin:
        for network in ({"resolve": {"*.test": origin.target}}, {"allow_addresses": ("127.0.0.0/8",)}):
            transport = paced(**network)
            transport._dialler._resolver = Resolver(everything_is_here)
            try:
                info = await fetch(transport, f"http://a.test:{origin.port}/")
            finally:
                await transport.aclose()
            assert info.paced_by is None
