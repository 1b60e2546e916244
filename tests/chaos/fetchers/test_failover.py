"""Three fetchers, real ZooKeeper and memcached: one is killed, stopped and woken, or cut off. The origin judges.

A trial of each kind with all tests, fifty with `make chaos` (`SPIDERDUCK_CHAOS_TRIALS` says another number).
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

import pytest

from fetchers.client.running import running_client
from tests.chaos.fetchers.cluster_on_trial import FetcherProcess, Witness, ask_for_ever, fetcher_process, origin
from tests.engines.toxics import Link, Toxiproxy

SESSION = 2.0
RESUMES_WITHIN = SESSION + 2.0
USUAL_SESSION = 10.0
RELIEVED_WITHIN = 8.0
"""A killed fetcher is found silent long before the usual session ends: usually within four seconds."""
DOMAINS = [f"d{number}.test" for number in range(12)]
TRIALS = 3
CHAOS_TRIALS = int(os.environ.get("SPIDERDUCK_CHAOS_TRIALS", "50"))

pytestmark = [pytest.mark.timeout(120)]


@dataclass
class Trial:
    """What a test works on."""

    origin: Witness
    fetchers: list[FetcherProcess]
    link: Link
    answered: dict[str, float]

    def owned_by(self, fetcher: FetcherProcess) -> list[str]:
        """The domains whose last request came from it."""
        return [name for name in DOMAINS if self.origin.senders(name)[-1] == fetcher.name]

    async def all_answer(self, since: float, within: float) -> float:
        """Wait until every domain has answered after `since`; the seconds that took. Fails after `within`."""
        async with asyncio.timeout(within):
            while any(self.answered.get(name, 0.0) <= since for name in DOMAINS):
                await asyncio.sleep(0.02)
        return time.monotonic() - since


@asynccontextmanager
async def trial(
    zookeeper: str, memcached: tuple[str, int], toxiproxy: Toxiproxy, session: float = SESSION
) -> AsyncIterator[Trial]:
    """The first fetcher reaches ZooKeeper through a link that can be cut."""
    chroot, cache = f"/trial-{token_hex(4)}", f"{memcached[0]}:{memcached[1]}"
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(origin())
        link = stack.enter_context(toxiproxy.link(zookeeper))
        ways = [f"127.0.0.1:{link.port}", zookeeper, zookeeper]
        fetchers = await asyncio.gather(
            *(
                stack.enter_async_context(fetcher_process(f"F{number}", one.port, way, chroot, cache, session))
                for number, way in enumerate(ways)
            )
        )
        router = await stack.enter_async_context(running_client([each.address for each in fetchers], "secret"))
        answered: dict[str, float] = {}
        asking = asyncio.create_task(ask_for_ever(router, DOMAINS, answered))
        try:
            on = Trial(one, list(fetchers), link, answered)
            await on.all_answer(0.0, 40.0)
            await asyncio.sleep(1.0)
            yield on
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


async def one_is_killed(on: Trial, number: int) -> None:
    """Others take its domains long before its session ends; it sends nothing more."""
    victim = on.fetchers[number % 3]
    orphans = on.owned_by(victim)
    assert orphans, "it has a share"
    victim.signal(signal.SIGKILL)
    killed = time.monotonic()
    taken = await on.all_answer(killed + 0.1, 15.0)
    asked = sorted(
        min(one.at for one in on.origin.arrivals[name] if one.sender != victim.name and one.at > killed) - killed
        for name in orphans
    )
    print(f"half of its domains are asked {asked[len(asked) // 2]:.1f} s after the kill, all of them {asked[-1]:.1f} s")
    assert taken <= RELIEVED_WITHIN
    await asyncio.sleep(1.0)
    late = [one for name in DOMAINS for one in on.origin.arrivals[name] if one.sender == victim.name]
    assert all(one.earliest <= killed + 0.1 for one in late)


async def one_is_stopped_past_its_session_and_woken(on: Trial, number: int) -> None:
    """When it wakes it sends nothing that is no longer its own, and then takes part again."""
    victim = on.fetchers[number % 3]
    victim.signal(signal.SIGSTOP)
    stopped = time.monotonic()
    assert await on.all_answer(stopped + 0.1, 15.0) <= RESUMES_WITHIN
    victim.signal(signal.SIGCONT)
    async with asyncio.timeout(10.0):
        while not on.owned_by(victim):
            await asyncio.sleep(0.02)
    await asyncio.sleep(1.0)


async def one_is_cut_off_from_the_coordinator(on: Trial, number: int) -> None:
    """It still reaches every origin, and must stop of its own accord before another begins."""
    victim = on.fetchers[0]
    if number % 2:
        on.link.spoil("timeout", timeout=0)
    else:
        on.link.cut()
    cut = time.monotonic()
    assert await on.all_answer(cut + SESSION, 15.0) <= RESUMES_WITHIN
    assert not on.owned_by(victim)
    on.link.restore()
    async with asyncio.timeout(15.0):
        while not on.owned_by(victim):
            await asyncio.sleep(0.02)
    await asyncio.sleep(1.0)


KINDS = (one_is_killed, one_is_stopped_past_its_session_and_woken, one_is_cut_off_from_the_coordinator)


async def judge(number: int, zookeeper: str, memcached: tuple[str, int], toxiproxy: Toxiproxy) -> None:
    """One trial. Nobody is asked too often, and no two fetchers ask a domain at once."""
    kind = KINDS[number % len(KINDS)]
    session = USUAL_SESSION if kind is one_is_killed else SESSION
    async with trial(zookeeper, memcached, toxiproxy, session) as on:
        await kind(on, number // len(KINDS))
    on.origin.check()


@pytest.mark.parametrize("number", range(TRIALS))
async def test_a_failover_keeps_every_domains_rate(
    number: int, zookeeper_hosts: str, memcached_address: tuple[str, int], toxiproxy: Toxiproxy
) -> None:
    """Killed, stopped, cut off, by turns."""
    await judge(number, zookeeper_hosts, memcached_address, toxiproxy)


@pytest.mark.chaos
@pytest.mark.parametrize("number", range(CHAOS_TRIALS))
async def test_many_failovers_keep_every_domains_rate(
    number: int, zookeeper_hosts: str, memcached_address: tuple[str, int], toxiproxy: Toxiproxy
) -> None:
    """The same, often enough to meet what is rare."""
    await judge(number, zookeeper_hosts, memcached_address, toxiproxy)


async def test_one_is_told_to_go(
    zookeeper_hosts: str, memcached_address: tuple[str, int], toxiproxy: Toxiproxy
) -> None:
    """SIGTERM: its domains are handed over at once, and it is gone within ten seconds."""
    async with trial(zookeeper_hosts, memcached_address, toxiproxy) as on:
        leaving = on.fetchers[1]
        leaving.signal(signal.SIGTERM)
        told = time.monotonic()
        assert await on.all_answer(told + 0.1, 10.0) <= SESSION, "no session has to expire for that"
        assert await asyncio.wait_for(leaving.process.wait(), 10.0) == 0
        assert time.monotonic() - told < 10.0
    on.origin.check()
