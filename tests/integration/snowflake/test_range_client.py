"""The client library against real servers: restarts, losses, and ids that go on."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

import snowflake
from snowflake.errors import BadConfiguration, NoRangeLease, ServiceUnavailable
from snowflake.layout import Layout
from snowflake.service.client import RangeClient
from snowflake.service.issuing import shape_of
from snowflake.service.model import LeaseAnswer, LeaseRequest
from tests.integration.snowflake.serving import ServerProcess
from tests.unit.snowflake.hand_clock import HandClock

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path)
    yield server
    server.stop()


async def test_a_restart_of_the_server_goes_unnoticed(server: ServerProcess) -> None:
    """Killed and started again: the windows in hand last, and the new ones do not overlap the old."""
    await server.ready()
    ids: list[int] = []
    async with (
        RangeClient([server.url], per_ms=64, window_ms=2000, in_hand_ms=1000) as one,
        RangeClient([server.url], per_ms=64, window_ms=2000, in_hand_ms=1000) as other,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        for _ in range(2):
            server.kill()
            ids += [one.next_id() for _ in range(500)] + [other.next_id() for _ in range(500)]
            server.launch()
            await server.ready()
            ids += (await http.get(f"{server.url}/v1/ids/batch?count=5000")).json()["ids"]
            await one.refill()
            await other.refill()
            ids += [one.next_id() for _ in range(500)] + [other.next_id() for _ in range(500)]
            ids += (await http.get(f"{server.url}/v1/ids/batch?count=5000")).json()["ids"]
    assert len(ids) == len(set(ids)) == 24_000


async def test_sigterm_ends_the_server_and_gives_the_id_back(server: ServerProcess) -> None:
    """Exit code 0, nothing on standard error, and a start at once afterwards."""
    await server.ready()
    assert server.stop() == ""
    assert server.exit_code == 0
    server.launch()
    await server.ready()


async def test_a_server_beside_a_contradicting_one_does_not_start(server: ServerProcess, tmp_path: Path) -> None:
    """Same worker id, another folder: the peer's answer gives it away."""
    await server.ready()
    twin = ServerProcess(tmp_path / "elsewhere", "--peer", server.url)
    with pytest.raises(RuntimeError, match="mints as worker 0, and so does this server"):
        await twin.ready()
    assert twin.exit_code == 2


class HandServer:
    """Grants what it is asked, while it is up; counts how often."""

    def __init__(self, clock: HandClock, worker_id: int) -> None:
        self.clock = clock
        self.worker_id = worker_id
        self.up = True
        self.asked: list[LeaseRequest] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not self.up:
            raise httpx.ConnectError("down", request=request)
        asked = msgspec.json.decode(request.content, type=LeaseRequest)
        self.asked.append(asked)
        start = max(asked.from_ms, self.clock.now_ms + 1)
        given = LeaseAnswer(
            datacenter_id=0,
            worker_id=self.worker_id,
            first_sequence=1024,
            sequences=asked.per_ms,
            from_ms=start,
            until_ms=start + asked.length_ms - 1,
            now_ms=self.clock.now_ms,
            layout=shape_of(Layout()),
        )
        return httpx.Response(200, content=msgspec.json.encode(given))


def two_servers(clock: HandClock) -> tuple[HandServer, HandServer, RangeClient]:
    one, other = HandServer(clock, 1), HandServer(clock, 2)
    by_host = {"one": one, "other": other}
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda asked: by_host[asked.url.host].answer(asked)))
    return one, other, RangeClient(["http://one", "http://other/"], http=http, clock=clock)


async def test_the_loss_of_one_server_of_two() -> None:
    """The next window comes from the other one, without a gap."""
    clock = HandClock()
    one, other, client = two_servers(clock)
    await client.refill()
    one.up = False
    workers = set()
    for _ in range(200):
        clock.advance(1000)
        await client.refill()
        workers.add(snowflake.decode(client.next_id()).worker_id)
    assert workers == {1, 2}
    assert len(one.asked) == 1
    assert len(other.asked) < 6


async def test_twenty_silent_seconds_go_unnoticed() -> None:
    """At any moment at least forty seconds are in hand; then they run out, and come back with the servers."""
    clock = HandClock()
    one, other, client = two_servers(clock)
    for _ in range(100):
        await client.refill()
        clock.advance(700)
    await client.refill()
    one.up = other.up = False
    for _ in range(39):
        clock.advance(1000)
        assert client.next_id()
    with pytest.raises(ServiceUnavailable, match="http://one: down; http://other: down"):
        await client.refill()
    clock.advance(60_000)
    with pytest.raises(NoRangeLease):
        client.next_id()
    other.up = True
    await client.refill()
    clock.advance(1)
    assert client.next_id()


async def test_without_a_server_there_is_no_start() -> None:
    """Said at once, not at the first id."""
    client = RangeClient(["http://127.0.0.1:1"])
    with pytest.raises(ServiceUnavailable, match=r"127\.0\.0\.1"):
        await client.start()
    await client.close()


def test_bad_settings_are_named() -> None:
    """With what would be right."""
    with pytest.raises(BadConfiguration, match="urls"):
        RangeClient([])
    with pytest.raises(BadConfiguration, match="in_hand_ms"):
        RangeClient(["http://a"], window_ms=1000, in_hand_ms=1000)
