"""Ids over HTTP, from the application as the product mounts it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

import snowflake
from snowflake.config import ServiceConfig
from snowflake.errors import InsaneNeighbourhood, LeaseLost
from snowflake.generator import Generator
from snowflake.leases.memory import MemoryLease
from snowflake.service.issuing import IdService
from snowflake.service.sanity import Sanity
from snowflake.service.server import ids_router, route_handlers
from snowflake.service.standalone import Address, _serve, build
from tests.integration.snowflake.serving import free_port
from tests.unit.snowflake.hand_clock import HandClock

HTTP = httpx.AsyncClient


def client_of(app: Litestar) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ids")  # type: ignore[arg-type]


@pytest.fixture
def generator() -> Generator:
    return Generator(worker_id=21, datacenter_id=3)


@pytest.fixture
async def http(generator: Generator) -> AsyncIterator[HTTP]:
    async with client_of(Litestar(route_handlers(generator), logging_config=None)) as client:
        yield client


async def test_one_id_is_fresh_each_time(http: HTTP) -> None:
    """As number and string, fresh each time, kept by no cache."""
    one, other = await http.get("/v1/ids"), await http.get("/v1/ids")
    assert one.json()["id_str"] == str(one.json()["id"])
    assert other.json()["id"] > one.json()["id"]
    assert one.headers["cache-control"] == "no-store"
    assert snowflake.decode(one.json()["id"]).worker_id == 21


@pytest.mark.parametrize("count", [1, 4096, 10_000, 100_000])
async def test_a_batch_has_exactly_as_many_ids(http: HTTP, count: int) -> None:
    """Exactly as many, increasing, over as many milliseconds as it takes."""
    answer = (await http.get("/v1/ids/batch", params={"count": count})).json()
    assert len(answer["ids"]) == count
    assert answer["ids"] == sorted(set(answer["ids"]))
    assert answer["ids_str"] == [str(id) for id in answer["ids"]]


async def test_batches_at_the_same_time_do_not_meet(http: HTTP) -> None:
    """Nor does one hold the others up for long: they share the milliseconds."""
    answers = await asyncio.gather(*(http.get("/v1/ids/batch?count=5000") for _ in range(8)))
    ids = [id for answer in answers for id in answer.json()["ids"]]
    assert len(set(ids)) == 40_000


async def test_an_id_is_decoded(http: HTTP) -> None:
    """With its time for people and for programs."""
    answer = (await http.get("/v1/ids/685259250369601537")).json()
    assert answer == {
        "id": 685259250369601537,
        "id_str": "685259250369601537",
        "time": "2016-01-08T00:38:31.446Z",
        "unix_ms": 1452213511446,
        "datacenter_id": 10,
        "worker_id": 10,
        "sequence": 1,
    }


async def test_the_ids_of_a_moment(http: HTTP) -> None:
    """The bounds enclose the id that carries it."""
    answer = (await http.get("/v1/ids/at", params={"time": "2016-01-08T00:38:31.446Z"})).json()
    assert int(answer["min_id_str"]) <= 685259250369601537 <= int(answer["max_id_str"])
    assert answer["min_id"] == int(answer["min_id_str"])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/ids/batch?count=0", "bad_configuration"),
        ("/v1/ids/batch?count=100001", "bad_configuration"),
        ("/v1/ids/xyz", "invalid_id"),
        ("/v1/ids/99999999999999999999", "invalid_id"),
        ("/v1/ids/at?time=1999-01-01", "time_out_of_range"),
        ("/v1/ids/at?time=now", "time_out_of_range"),
    ],
)
async def test_bad_requests_say_what_would_be_right(http: HTTP, path: str, code: str) -> None:
    """As problem details that say what would be right."""
    answer = await http.get(path)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


async def test_a_range_lease_is_nobody_elses(http: HTTP, generator: Generator) -> None:
    """Neither the server nor another lease mints inside it."""
    answers = [(await http.post("/v1/ids/lease", json={"per_ms": 100, "length_ms": 5})).json() for _ in range(3)]
    ids = [id for ids in generator.reserve(20_000) for id in ids]
    for answer in answers:
        for tick_ms in range(answer["from_ms"], answer["until_ms"] + 1):
            tick = generator.layout.tick(tick_ms)
            first = generator.layout.encode(tick, 3, 21, answer["first_sequence"])
            ids += range(first, first + answer["sequences"])
    assert len(ids) == len(set(ids)) == 20_000 + 3 * 500


@pytest.mark.parametrize(
    "asked", [{"per_ms": 0}, {"per_ms": 4000}, {"length_ms": 10**9}, {"from_ms": 10**15}, {"other": 1}]
)
async def test_a_range_lease_has_bounds(http: HTTP, asked: dict[str, int]) -> None:
    """Named in the refusal."""
    assert (await http.post("/v1/ids/lease", json=asked)).status_code == 400


async def test_when_all_numbers_are_out(http: HTTP) -> None:
    """503 with a hint to come back."""
    assert (await http.post("/v1/ids/lease", json={"per_ms": 3072})).status_code == 200
    answer = await http.post("/v1/ids/lease")
    assert answer.status_code == 503
    assert answer.json()["code"] == "no_sequences_left"
    assert answer.headers["retry-after"] == "1"


async def test_the_clock_set_back_is_a_503(generator: Generator) -> None:
    """With how many milliseconds, and ready again when it has caught up."""
    clock = HandClock()
    generator = Generator(1, clock=clock)
    async with (
        httpx.AsyncClient() as nobody,
        client_of(build(IdService(generator, clock=clock), Sanity(generator, no_peers, nobody, clock))) as http,
    ):
        assert (await http.get("/readyz")).status_code == 200
        clock.step(-250)
        answer = await http.get("/v1/ids")
        assert answer.status_code == 503
        assert "250 ms behind" in answer.json()["detail"]
        ready = await http.get("/readyz")
        assert ready.status_code == 503
        assert "250 ms" in ready.json()["missing"]["generator"]
        clock.advance(251)
        assert (await http.get("/readyz")).status_code == 200
        assert "snowflake_clock_refusals_total 2" in (await http.get("/metrics")).text


async def test_a_parameter_that_stands_twice_is_refused() -> None:
    generator = Generator(worker_id=23)
    async with (
        httpx.AsyncClient() as nobody,
        client_of(build(IdService(generator), Sanity(generator, no_peers, nobody))) as http,
    ):
        answer = await http.get("/v1/ids/batch?count=1&count=2")
        assert (answer.status_code, answer.json()["code"]) == (400, "http_400")
        assert "'count' stands more than once" in answer.json()["detail"]
        assert (await http.get("/v1/ids/batch?count=1")).status_code == 200


async def test_who_asks_is_counted(http: HTTP) -> None:
    """By name, in the statistics."""
    await http.get("/v1/ids", headers={"user-agent": "curl/8.5.0"})
    await http.get("/v1/ids/batch?count=10", headers={"user-agent": "curl/7"})
    answer = (await http.get("/v1/ids/self")).json()
    assert answer["user_agents"] == {"curl": 2}
    assert (answer["ids"], answer["worker_id"], answer["datacenter_id"]) == (11, 21, 3)


async def test_the_description_names_every_call() -> None:
    """For tools and people."""
    generator = Generator(worker_id=22)
    async with (
        httpx.AsyncClient() as nobody,
        client_of(build(IdService(generator), Sanity(generator, no_peers, nobody))) as http,
    ):
        paths = (await http.get("/openapi.json")).json()["paths"]
    assert {"/v1/ids", "/v1/ids/batch", "/v1/ids/lease", "/v1/ids/at", "/v1/ids/{id}", "/v1/ids/self"} <= set(paths)


async def test_a_server_that_lost_its_worker_id_ends() -> None:
    """With the reason, so that whoever started it starts it anew."""
    lease = MemoryLease(24)
    generator = Generator(lease=lease, clock=HandClock())
    address = Address(port=free_port())
    serving = asyncio.create_task(_serve(generator, lease, ServiceConfig(), address))
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(20):
        while True:
            try:
                assert (await http.get(f"http://127.0.0.1:{address.port}/healthz")).status_code == 200
                break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
        generator._mint.stop(LeaseLost("taken by another"))
        with pytest.raises(LeaseLost, match="taken by another"):
            await serving


async def no_peers() -> dict[str, int | None]:
    return {}


def peer(worker_id: int, datacenter_id: int = 0, off_ms: int = 0) -> Litestar:
    """Another server, with its own clock."""
    clock = HandClock()
    clock.step(off_ms)
    generator = Generator(lease=MemoryLease(worker_id, datacenter_id), clock=clock)
    return Litestar([ids_router(IdService(generator, clock=clock))], logging_config=None)


def sanity_beside(app: Litestar, registered_id: int) -> Sanity:
    async def peers() -> dict[str, int | None]:
        return {"http://ids": registered_id}

    clock = HandClock()
    return Sanity(Generator(lease=MemoryLease(1), clock=clock), peers, client_of(app), clock)


@pytest.mark.parametrize(
    ("app", "named"),
    [
        (peer(3), "is registered as worker 2 and says it is 3"),
        (peer(2, datacenter_id=1), "is in datacenter 1"),
        (peer(2, off_ms=10_001), "10001 ms behind the mean"),
    ],
)
async def test_a_start_beside_peers_that_contradict_is_refused(app: Litestar, named: str) -> None:
    """Worker id, datacenter and clock."""
    with pytest.raises(InsaneNeighbourhood, match=named):
        await sanity_beside(app, 2).check_start()


async def test_half_a_second_is_fine_at_the_start_and_red_while_serving() -> None:
    """Ten seconds to begin with, half a second to stay ready: sorted within one second."""
    sanity = sanity_beside(peer(2, off_ms=501), 2)
    await sanity.check_start()
    assert sanity.missing() == {}
    await sanity.check()
    assert "501 ms behind" in sanity.missing()["peers"]


async def test_a_peer_that_does_not_answer_is_no_reason_to_stop() -> None:
    """It may just be dying."""

    async def peers() -> dict[str, int | None]:
        return {"http://127.0.0.1:1": 2}

    async with httpx.AsyncClient(trust_env=False) as http:
        sanity = Sanity(Generator(worker_id=23), peers, http)
        await sanity.check_start()
        assert sanity.missing() == {}
