"""The `PartialTier` port: beginnings of pictures that grow, in memory and on disk."""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from imagepipe.config import TierLimits
from imagepipe.model import Original
from imagepipe.ports import PartialTier
from imagepipe.tiers import picture_file
from imagepipe.tiers.disk import DiskTier, FileAccess
from imagepipe.tiers.encoded import EncodedTier
from imagepipe.tiers.lru import Shared
from tests.clock import FakeClock

_LIMITS = TierLimits(60_000, largest_share=1)
_PIECE = Original(b"x" * 1000, "image/png", 1.0, 2.0, '"e"', None, (), 50_000)


@pytest.fixture
async def on_disk(tmp_path: Path) -> AsyncIterator[Callable[[], DiskTier]]:
    """Opens the folder anew, as a restart does."""
    with ThreadPoolExecutor(2) as executor:
        opened: list[DiskTier] = []

        def open_tier() -> DiskTier:
            tier = DiskTier(tmp_path, _LIMITS, Shared(_LIMITS), FakeClock(), FileAccess(executor), growing=True)
            tier.start()
            opened.append(tier)
            return tier

        yield open_tier
        for tier in opened:
            await tier.close()


@pytest.fixture(params=["memory", "disk"])
async def tier(request: pytest.FixtureRequest, on_disk: Callable[[], DiskTier]) -> PartialTier:
    if request.param == "memory":
        return EncodedTier(_LIMITS, Shared(_LIMITS), FakeClock())
    return on_disk()


def _piece(letter: bytes, length: int = 1000) -> Original:
    return replace(_PIECE, body=letter * length)


async def _body(tier: PartialTier) -> bytes | None:
    found = await tier.get("a")
    return None if found is None else found.body


async def test_it_grows_piece_by_piece(tier: PartialTier) -> None:
    """In order, with what the origin said."""
    assert await tier.extend("a", 0, _piece(b"1"))
    assert await tier.extend("a", 1000, _piece(b"2"))
    assert await tier.extend("a", 2000, _piece(b"3", 7))
    assert await tier.get("a") == replace(_PIECE, body=b"1" * 1000 + b"2" * 1000 + b"3" * 7)


@pytest.mark.parametrize("at", [1, 999, 1001])
async def test_what_does_not_fit_behind_is_refused(tier: PartialTier, at: int) -> None:
    """And leaves what is there."""
    await tier.extend("a", 0, _piece(b"1"))
    assert not await tier.extend("a", at, _piece(b"2"))
    assert await _body(tier) == b"1" * 1000
    assert not await tier.extend("nothing", 5, _piece(b"2"))


async def test_another_version_is_refused(tier: PartialTier) -> None:
    """Two versions of a picture never stand in one."""
    await tier.extend("a", 0, _piece(b"1"))
    assert not await tier.extend("a", 1000, replace(_piece(b"2"), etag='"f"'))
    assert await _body(tier) == b"1" * 1000


async def test_zero_begins_anew(tier: PartialTier) -> None:
    """Whatever was there."""
    await tier.extend("a", 0, _piece(b"1"))
    await tier.extend("a", 1000, _piece(b"2"))
    assert await tier.extend("a", 0, _piece(b"3"))
    assert await _body(tier) == b"3" * 1000


async def test_what_grows_beyond_the_room_is_refused(tier: PartialTier) -> None:
    """Never above the limit."""
    assert await tier.extend("a", 0, _piece(b"1", 50_000))
    assert not await tier.extend("a", 50_000, _piece(b"2", 50_000))


async def test_every_byte_is_counted(on_disk: Callable[[], DiskTier], tmp_path: Path) -> None:
    """While it grows, and by the next process."""
    tier = on_disk()
    for number in range(9):
        await tier.extend("a", number * 1000, _piece(b"%d" % number))
    size = (tmp_path / picture_file.file_name("a")).stat().st_size
    assert tier.lru.bytes == size
    again = on_disk()
    await again.ready()
    assert again.lru.bytes == size


@pytest.mark.parametrize("torn", [1, 500, 1000, 1011])
async def test_a_torn_piece_is_cut_off(on_disk: Callable[[], DiskTier], tmp_path: Path, torn: int) -> None:
    """The pieces before it are whole, and the next one goes where it was."""
    tier = on_disk()
    for number in range(3):
        await tier.extend("a", number * 1000, _piece(b"%d" % number))
    path = tmp_path / picture_file.file_name("a")
    path.write_bytes(path.read_bytes()[:-torn])
    again = on_disk()
    await again.ready()
    assert await _body(again) == b"0" * 1000 + b"1" * 1000
    assert await again.extend("a", 2000, _piece(b"9"))
    assert await _body(again) == b"0" * 1000 + b"1" * 1000 + b"9" * 1000
    assert again.lru.bytes == path.stat().st_size


async def test_a_piece_that_lost_its_bytes_is_not_believed(on_disk: Callable[[], DiskTier], tmp_path: Path) -> None:
    """As after a power cut: the length is right, the bytes are zeros. Whoever extends begins anew."""
    tier = on_disk()
    for number in range(3):
        await tier.extend("a", number * 1000, _piece(b"%d" % number))
    path = tmp_path / picture_file.file_name("a")
    path.write_bytes(path.read_bytes()[:-900] + b"\0" * 900)
    again = on_disk()
    assert await _body(again) == b"0" * 1000 + b"1" * 1000
    assert not await again.extend("a", 2000, _piece(b"9"))
