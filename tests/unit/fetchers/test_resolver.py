"""The resolver's cache, its single look-ups, and the addresses of this machine."""

import asyncio
from collections.abc import Sequence

import pytest

from fetchers.errors import DnsError
from fetchers.transport import resolver as resolver_module
from fetchers.transport.resolver import LIFE_OF_FAILURE, LONGEST_LIFE, SHORTEST_LIFE, Resolver, SystemLookup
from groundwork.interfaces import own_addresses


class NameServer:
    """Counts its questions; answers or fails as it is told."""

    def __init__(self, answer: Sequence[tuple[str, float]] | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, name: str) -> Sequence[tuple[str, float]]:
        self.asked.append(name)
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("ttl", "life"), [(60.0, 60.0), (0.0, SHORTEST_LIFE), (86_400.0, LONGEST_LIFE)], ids=["60 s", "none", "a day"]
)
async def test_an_answer_lives_as_long_as_its_ttl_within_bounds(ttl: float, life: float) -> None:
    """The shortest of its addresses' counts."""
    server, time = NameServer([("93.184.215.14", ttl), ("2606:4700::1", ttl + 100_000)]), Time()
    resolver = Resolver(server, time)
    assert await resolver.resolve("a.example") == ("93.184.215.14", "2606:4700::1")
    time.now = life - 0.001
    await resolver.resolve("a.example.")
    assert server.asked == ["a.example"]
    time.now = life
    await resolver.resolve("a.example")
    assert len(server.asked) == 2


async def test_failures_are_kept_shortly() -> None:
    """An error, or no address at all."""
    failures: tuple[DnsError | list[tuple[str, float]], ...] = (DnsError("the name server is ill"), [])
    for answer in failures:
        server, time = NameServer(answer), Time()
        resolver = Resolver(server, time)
        for _ in range(3):
            with pytest.raises(DnsError):
                await resolver.resolve("a.example")
        assert len(server.asked) == 1
        time.now = LIFE_OF_FAILURE
        server.answer = [("93.184.215.14", 60.0)]
        assert await resolver.resolve("a.example") == ("93.184.215.14",)


async def test_many_who_ask_make_one_look_up_and_one_who_gives_up_spoils_nothing() -> None:
    """Also where the first who asked is the one to be cancelled."""
    server = NameServer([("93.184.215.14", 60.0)])
    server.gate.clear()
    resolver = Resolver(server, Time())
    waiting = [asyncio.create_task(resolver.resolve("a.example")) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    server.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [("93.184.215.14",)] * 4
    assert server.asked == ["a.example"]


async def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name asked for longest ago goes first."""
    monkeypatch.setattr(resolver_module, "MOST_NAMES", 2)
    server = NameServer([("93.184.215.14", 60.0)])
    resolver = Resolver(server, Time())
    for name in ("a", "b", "a", "c", "a", "b"):
        await resolver.resolve(name)
    assert server.asked == ["a", "b", "c", "b"]


async def test_closing_ends_look_ups_under_way() -> None:
    """Nobody waits for a name server at shutdown."""
    server = NameServer([("93.184.215.14", 60.0)])
    server.gate.clear()
    resolver = Resolver(server, Time())
    waiting = asyncio.create_task(resolver.resolve("a.example"))
    await asyncio.sleep(0)
    await resolver.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_system_knows_localhost_and_refuses_what_is_no_name() -> None:
    """Without a question to the network."""
    lookup = SystemLookup()
    try:
        assert {address for address, _ in await lookup("localhost")} <= {"127.0.0.1", "::1"}
        assert await lookup("a.localhost")
        for name in ("a..b", "x" * 64 + ".example"):
            with pytest.raises(DnsError) as caught:
                await lookup(name)
            assert name in str(caught.value)
    finally:
        await lookup.close()


def test_own_addresses_hold_loopback() -> None:
    """The one address that every machine has; none carries a scope."""
    found = own_addresses()
    assert "127.0.0.1" in found
    assert not [address for address in found if "%" in address]
