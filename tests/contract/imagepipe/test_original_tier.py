"""The `OriginalTier` port: memory and disk keep the same promises."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagepipe.config import TierLimits
from imagepipe.model import Original
from imagepipe.ports import OriginalTier
from imagepipe.tiers.disk import DiskTier, FileAccess
from imagepipe.tiers.encoded import EncodedTier
from imagepipe.tiers.lru import Shared
from tests.clock import FakeClock

_LIMITS = TierLimits(60_000, seconds=100)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "disk"])
async def tier(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[OriginalTier]:
    if request.param == "memory":
        yield EncodedTier(_LIMITS, Shared(_LIMITS), clock)
        return
    with ThreadPoolExecutor(2) as executor:
        disk = DiskTier(tmp_path, _LIMITS, Shared(_LIMITS), clock, FileAccess(executor))
        disk.start()
        yield disk
        await disk.close()


def _original(length: int = 10, *tags: str, letter: bytes = b"x") -> Original:
    return Original(letter * length, "image/png", 1.0, 2.0, '"e"', "a date", tags, None)


async def test_what_is_put_is_got(tier: OriginalTier) -> None:
    """With everything the origin said about it."""
    assert await tier.put("a", _original(10, "t"))
    assert await tier.get("a") == _original(10, "t")


async def test_absence_is_none(tier: OriginalTier) -> None:
    """Never an error."""
    assert await tier.get("nothing") is None
    assert await tier.remove("nothing") is False


async def test_a_second_put_replaces(tier: OriginalTier) -> None:
    """One entry per identifier."""
    await tier.put("a", _original(10))
    await tier.put("a", _original(20, letter=b"y"))
    found = await tier.get("a")
    assert found is not None
    assert found.body == b"y" * 20
    assert tier.identifiers() == ["a"]


async def test_removed_is_gone(tier: OriginalTier) -> None:
    """And that it was there is said."""
    await tier.put("a", _original())
    assert await tier.remove("a") is True
    assert await tier.get("a") is None


async def test_too_large_is_refused(tier: OriginalTier) -> None:
    """What it would have replaced is outdated, so it goes too."""
    await tier.put("a", _original())
    assert await tier.put("a", _original(10_001)) is False
    assert await tier.get("a") is None


async def test_the_least_recently_used_makes_room(tier: OriginalTier) -> None:
    """A get is a use."""
    for name in "abcdef":
        await tier.put(name, _original(9_000))
    await tier.get("a")
    await tier.put("g", _original(9_000))
    assert await tier.get("a") is not None
    assert await tier.get("b") is None


async def test_time_to_live(tier: OriginalTier, clock: FakeClock) -> None:
    """Over after a hundred quiet seconds."""
    await tier.put("a", _original())
    await clock.advance(99)
    assert await tier.get("a") is not None
    await clock.advance(101)
    assert await tier.get("a") is None


async def test_tags_find_pictures(tier: OriginalTier) -> None:
    """All, or those with the tag."""
    await tier.put("a", _original(1, "red"))
    await tier.put("b", _original(1, "red", "blue"))
    await tier.put("c", _original(1))
    assert sorted(tier.identifiers()) == ["a", "b", "c"]
    assert sorted(tier.identifiers("red")) == ["a", "b"]
    assert tier.identifiers("green") == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a/b?c=d#e", "ü", "x" * 3000, "\udc80"])
async def test_any_identifier_will_do(tier: OriginalTier, name: str) -> None:
    """None can name a path."""
    if name == "\udc80" and isinstance(tier, DiskTier):
        name = "lone surrogates come from no URL"
    assert await tier.put(name, _original())
    assert await tier.get(name) == _original()
