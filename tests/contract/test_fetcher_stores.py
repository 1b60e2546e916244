"""What every robots cache, host state store and limit store promises, run on each adapter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from secrets import token_hex

import pytest

from fetchers.model import KeptPoliteness, RateLimit
from fetchers.ownership import kazoo_calls
from fetchers.ports import HostStateStore, LimitStore, RobotsCache
from fetchers.stores.memcached import MemcachedHostStates, MemcachedRing, MemcachedRobotsCache
from fetchers.stores.memory import MemoryHostStates, MemoryLimitStore, MemoryRobotsCache
from fetchers.stores.zookeeper import ZookeeperLimitStore
from groundwork import zookeeper
from groundwork.clock import SystemClock
from spiderduck.database.sqlite import Database
from spiderduck.host_states.sqlite import SqliteHostStates
from tests.clock import FakeClock
from tests.engines.toxics import slow_link

ORIGIN = f"http://{token_hex(4)}.test"


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


MEMCACHED = (
    "memory",
    pytest.param("memcached", marks=pytest.mark.engine("memcached")),
    pytest.param("memcached behind a slow link", marks=pytest.mark.engine("memcached", "toxiproxy")),
)
ZOOKEEPER = (
    "memory",
    pytest.param("zookeeper", marks=pytest.mark.engine("zookeeper")),
    pytest.param("zookeeper behind a slow link", marks=pytest.mark.engine("zookeeper", "toxiproxy")),
)


def _reached(request: pytest.FixtureRequest, address: str, stack: AsyncExitStack) -> str:
    """The engine's address, or that of a link to it with latency and jitter."""
    if "slow" not in request.param:
        return address
    return f"127.0.0.1:{stack.enter_context(slow_link(request.getfixturevalue('toxiproxy'), address)).port}"


async def _ring(request: pytest.FixtureRequest, stack: AsyncExitStack) -> MemcachedRing:
    host, port = request.getfixturevalue("memcached_address")
    ring = MemcachedRing([_reached(request, f"{host}:{port}", stack)], SystemClock())
    stack.push_async_callback(ring.close)
    return ring


@pytest.fixture(params=MEMCACHED)
async def robots_cache(request: pytest.FixtureRequest, stack: AsyncExitStack) -> RobotsCache:
    if request.param == "memory":
        return MemoryRobotsCache(SystemClock())
    return MemcachedRobotsCache(await _ring(request, stack))


@pytest.fixture(params=(*MEMCACHED, "sqlite"))
async def states(request: pytest.FixtureRequest, stack: AsyncExitStack, tmp_path: Path) -> HostStateStore:
    if request.param == "memory":
        return MemoryHostStates()
    if request.param == "sqlite":
        database = Database(tmp_path / "one.db")
        stack.push_async_callback(database.close)
        return SqliteHostStates(database, SystemClock())
    return MemcachedHostStates(await _ring(request, stack), SystemClock())


MakeLimits = Callable[[], Awaitable[LimitStore]]


@pytest.fixture(params=ZOOKEEPER)
async def make_limits(request: pytest.FixtureRequest, stack: AsyncExitStack) -> MakeLimits:
    """Each call gives another fetcher's view of the same limits (the same one in memory)."""
    if request.param == "memory":
        one = MemoryLimitStore()

        async def same() -> LimitStore:
            return one

        return same
    hosts = _reached(request, request.getfixturevalue("zookeeper_hosts"), stack)
    chroot = f"/limits-{token_hex(4)}"

    async def another() -> LimitStore:
        client = zookeeper.make_client(hosts + chroot, "", 5.0)
        await kazoo_calls.start(client)
        stack.push_async_callback(kazoo_calls.stop, client)
        store = ZookeeperLimitStore(client, SystemClock())
        running = asyncio.create_task(store.run())
        stack.callback(running.cancel)
        return store

    return another


async def test_robots_what_was_put_is_got(robots_cache: RobotsCache) -> None:
    value = bytes(range(256)) * 100
    await robots_cache.put(ORIGIN, value, 60.0)
    assert await robots_cache.get(ORIGIN) == value


async def test_robots_what_is_put_again_replaces_it(robots_cache: RobotsCache) -> None:
    await robots_cache.put(ORIGIN, b"1", 60.0)
    await robots_cache.put(ORIGIN, b"2", 60.0)
    assert await robots_cache.get(ORIGIN) == b"2"


async def test_robots_absence_is_none(robots_cache: RobotsCache) -> None:
    assert await robots_cache.get(f"http://{token_hex(8)}.test") is None


async def test_robots_any_origin_is_a_key(robots_cache: RobotsCache) -> None:
    for origin in (f"http://{'a' * 250}.test:8080", "http://☃.test", "http://a b\r\n.test"):
        await robots_cache.put(origin, b"x", 60.0)
        assert await robots_cache.get(origin) == b"x"


async def test_robots_a_value_too_large_is_forgotten(robots_cache: RobotsCache) -> None:
    """Nothing is raised, and the cache works on."""
    await robots_cache.put(ORIGIN + "/large", bytes(40 * 1024 * 1024), 60.0)
    assert await robots_cache.get(ORIGIN + "/large") is None
    await robots_cache.put(ORIGIN, b"x", 60.0)
    assert await robots_cache.get(ORIGIN) == b"x"


async def test_state_what_was_saved_is_loaded(states: HostStateStore) -> None:
    state = KeptPoliteness(1000.5, backoff_until=2000.25, pace=0.5, pause_reason="http://a.test/ä answered 429")
    await states.save("a.test", state)
    assert await states.load("a.test") == state
    await states.save("a.test", KeptPoliteness(1.0))
    assert await states.load("a.test") == KeptPoliteness(1.0)


async def test_state_absence_is_none(states: HostStateStore) -> None:
    assert await states.load(f"{token_hex(8)}.test") is None


async def test_limits_are_known_to_the_others_within_seconds(make_limits: MakeLimits) -> None:
    mine, theirs = await make_limits(), await make_limits()
    told = asyncio.Event()
    theirs.on_change(told.set)
    await mine.put("a.test", RateLimit(2.5, 3, 1, 5.0))
    assert mine.current() == {"a.test": RateLimit(2.5, 3, 1, 5.0)}
    async with asyncio.timeout(30):
        while theirs.current() != mine.current():
            told.clear()
            await told.wait()


async def test_limits_can_be_taken_away(make_limits: MakeLimits) -> None:
    store = await make_limits()
    await store.put("a.test", RateLimit(2.0, 2))
    await store.put("*.b.test", RateLimit(3.0, 3))
    await store.put("a.test", None)
    await store.put("never.test", None)
    assert store.current() == {"*.b.test": RateLimit(3.0, 3)}


async def test_limits_two_who_change_them_at_once_both_succeed(make_limits: MakeLimits) -> None:
    mine, theirs = await make_limits(), await make_limits()
    await asyncio.gather(
        *(mine.put(f"m{n}.test", RateLimit(1.0, 1)) for n in range(4)), theirs.put("t.test", RateLimit(1.0, 1))
    )
    await mine.put("last.test", RateLimit(1.0, 1))
    assert set(mine.current()) == {"m0.test", "m1.test", "m2.test", "m3.test", "t.test", "last.test"}


async def test_memory_cache_is_bounded_and_forgets_in_time() -> None:
    clock = FakeClock()
    cache = MemoryRobotsCache(clock, most_bytes=100)
    for number in range(10):
        await cache.put(str(number), bytes(30), 60.0)
    assert [number for number in range(10) if await cache.get(str(number)) is not None] == [7, 8, 9]
    await clock.advance(61.0)
    assert await cache.get("9") is None
