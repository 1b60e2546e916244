"""The id service looks at its peers before it begins: who contradicts stops it, whoever is silent does not."""

import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import pytest
from pytest_httpx import HTTPXMock

from snowflake import Generator
from snowflake.clock import SystemClock
from snowflake.leases.registered import HeldRegisteredLease, RegisteredLease
from snowflake.leases.registry import Peer
from snowflake.service.model import Identity
from spiderduck.bootstrap.id_peers import open_sanity, own_url
from spiderduck.config import Config, load
from spiderduck.errors import PeersContradict
from tests.unit.snowflake.hand_registry import HandCoordinator

OWN, PEER = "http://127.0.0.1:8080", "http://10.0.0.2:8080"
Held = tuple[HeldRegisteredLease, Generator]


def settings(**more: Any) -> Config:
    return load(None, {}, {"api": {"keys": [{"key": "a-key-of-the-api", "scopes": ["read"]}]}, **more})


def registered(coordinator: HandCoordinator, worker_id: int, url: str) -> None:
    assert coordinator.session().claim(worker_id, Peer("machine", 1, 0, url).to_bytes())


@pytest.fixture
def coordinator() -> HandCoordinator:
    return HandCoordinator()


@pytest.fixture
def held(coordinator: HandCoordinator) -> Iterator[Held]:
    lease = RegisteredLease(worker_ids=(5,), url=OWN).acquire_in(coordinator.session(), "the test", SystemClock())
    with Generator(lease=lease) as generator:
        yield lease, generator


def answers(httpx_mock: HTTPXMock, worker_id: int) -> None:
    identity = Identity(datacenter_id=0, worker_id=worker_id, now_ms=round(time.time() * 1000))
    httpx_mock.add_response(
        url=f"{PEER}/v1/ids/self",
        content=msgspec.json.encode(identity),
        match_headers={"authorization": "Bearer a-key-of-the-api"},
    )


async def test_a_peer_that_agrees_is_no_news(coordinator: HandCoordinator, held: Held, httpx_mock: HTTPXMock) -> None:
    registered(coordinator, 6, PEER)
    answers(httpx_mock, worker_id=6)
    async with AsyncExitStack() as stack:
        sanity = await open_sanity(held[1], held[0], settings(), stack)
        assert sanity.missing() == {}


async def test_a_peer_that_mints_as_we_do_stops_the_start(
    coordinator: HandCoordinator, held: Held, httpx_mock: HTTPXMock
) -> None:
    registered(coordinator, 6, PEER)
    answers(httpx_mock, worker_id=5)
    async with AsyncExitStack() as stack:
        with pytest.raises(PeersContradict, match=r"mints as worker 5, and so does this server"):
            await open_sanity(held[1], held[0], settings(), stack)


async def test_a_silent_peer_and_our_own_earlier_claim_do_not(
    coordinator: HandCoordinator, held: Held, httpx_mock: HTTPXMock
) -> None:
    """After a crash the claim of the process before us stays a while, at the address where we are now."""
    registered(coordinator, 6, PEER)
    registered(coordinator, 7, OWN)
    httpx_mock.add_exception(httpx.ConnectError("nobody there"), url=f"{PEER}/v1/ids/self")
    async with AsyncExitStack() as stack:
        sanity = await open_sanity(held[1], held[0], settings(), stack)
        assert sanity.missing() == {}


@pytest.mark.parametrize(("host", "port", "url"), [("127.0.0.1", 8080, OWN), ("127.0.0.1", 0, "")])
def test_peers_reach_us_where_we_listen(host: str, port: int, url: str) -> None:
    assert own_url(settings(host=host, port=port)) == url


def test_who_listens_everywhere_is_reached_at_the_machines_address() -> None:
    url = httpx.URL(own_url(settings(host="0.0.0.0")))
    assert url.host != "0.0.0.0"
    assert url.port == 8080
