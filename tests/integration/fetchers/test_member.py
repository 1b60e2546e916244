"""A fetcher process lives as long as all of its parts."""

import asyncio

import pytest

from fetchers.cluster import ClusterConfig, running_member
from fetchers.config import FetchersConfig
from fetchers.fetcher import Fetcher


async def test_a_member_runs_until_it_is_told_to_stop() -> None:
    stop = asyncio.Event()
    async with running_member(FetchersConfig(), ClusterConfig(port=0)) as member:
        waiting = asyncio.create_task(member.until(stop))
        await asyncio.sleep(0)
        assert not waiting.done()
        stop.set()
        await waiting


async def test_a_part_that_falls_ends_the_member(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that gives no turns any more, but listens, would look alive for ever."""

    async def fall(self: Fetcher) -> None:
        raise RuntimeError("a surprise")

    monkeypatch.setattr(Fetcher, "run", fall)
    async with running_member(FetchersConfig(), ClusterConfig(port=0)) as member:
        with pytest.raises(RuntimeError, match="a surprise"):
            await member.until(asyncio.Event())
