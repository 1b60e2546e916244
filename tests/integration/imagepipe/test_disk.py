"""The disk tier after accidents, and while many write."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from imagepipe.config import TierLimits
from imagepipe.model import Original
from imagepipe.tiers import picture_file
from imagepipe.tiers.disk import DiskTier, FileAccess
from imagepipe.tiers.lru import Shared
from tests.clock import FakeClock

_LIMITS = TierLimits(120_000)


@pytest.fixture
def threads():  # type: ignore[no-untyped-def]
    with ThreadPoolExecutor(4) as executor:
        yield executor


def _tier(folder: Path, threads: ThreadPoolExecutor, limits: TierLimits = _LIMITS) -> DiskTier:
    tier = DiskTier(folder, limits, Shared(limits), FakeClock(), FileAccess(threads))
    tier.start()
    return tier


def _original(length: int, letter: bytes = b"x") -> Original:
    return Original(letter * length, "image/png", 1.0, 2.0)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _used(folder: Path) -> int:
    sizes = 0
    for path in _files(folder):
        with suppress(FileNotFoundError):
            sizes += path.stat().st_size
    return sizes


async def test_the_folder_is_never_above_its_limit_while_many_write(tmp_path: Path) -> None:
    """Forty writers at once, some replacing, some removing; whatever the moment, the files fit."""
    # One thread, which also measures: so no file is written while they are counted.
    thread = ThreadPoolExecutor(1)
    tier = _tier(tmp_path, thread)
    most = 0

    async def write(number: int) -> None:
        nonlocal most
        await tier.put(f"p{number % 25}", _original(9_000 + 100 * (number % 7)))
        if number % 5 == 0:
            await tier.remove(f"p{number % 25}")
        used = await asyncio.get_running_loop().run_in_executor(thread, _used, tmp_path)
        most = max(most, used)

    await asyncio.gather(*(write(number) for number in range(40)))
    await tier.close()
    assert 0 < most <= _LIMITS.bytes
    assert tier.lru.bytes == _used(tmp_path)
    thread.shutdown()


async def test_an_earlier_run_is_found_again_and_counted(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    """Bytes, tags and identifiers; and a smaller limit is kept from the start."""
    first = _tier(tmp_path, threads)
    for name in "abc":
        await first.put(name, Original(b"x" * 5_000, "", 1.0, 2.0, tags=(name,)))
    await first.close()
    second = _tier(tmp_path, threads)
    await second.ready()
    assert (second.lru.bytes, second.identifiers("b")) == (first.lru.bytes, ["b"])
    third = _tier(tmp_path, threads, TierLimits(11_000, largest_share=1))
    await third.ready()
    assert len(third.identifiers()) == 2
    assert len(_files(tmp_path)) == 2


async def test_a_torn_file_is_dropped(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    """Shorter, changed, empty, or of another picture: absent, and removed."""
    tier = _tier(tmp_path, threads)
    for name in "abcd":
        await tier.put(name, _original(1_000))
    paths = {name: tmp_path / picture_file.file_name(name) for name in "abcd"}
    whole = paths["a"].read_bytes()
    paths["a"].write_bytes(whole[:-1])
    paths["b"].write_bytes(whole[:500] + b"y" + whole[501:])
    paths["c"].write_bytes(b"")
    paths["d"].write_bytes(whole)
    for name in "abcd":
        assert await tier.get(name) is None
    assert _files(tmp_path) == []
    assert tier.lru.bytes == 0


async def test_torn_and_unfinished_files_of_a_crash_are_cleared(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    """What was being written when the process died takes no room afterwards."""
    first = _tier(tmp_path, threads)
    await first.put("a", _original(1_000))
    await first.close()
    (tmp_path / "aside" / "7").write_bytes(b"half a file")
    torn = tmp_path / picture_file.file_name("b")
    torn.parent.mkdir(exist_ok=True)
    torn.write_bytes((tmp_path / picture_file.file_name("a")).read_bytes()[:-10])
    second = _tier(tmp_path, threads)
    await second.ready()
    assert second.identifiers() == ["a"]
    assert len(_files(tmp_path)) == 1


async def test_the_first_answer_does_not_wait_for_the_listing(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    """A file is read by its name while the folder is still being listed."""
    first = _tier(tmp_path, threads)
    await first.put("a", _original(1_000))
    await first.close()
    second = DiskTier(tmp_path, _LIMITS, Shared(_LIMITS), FakeClock(), FileAccess(threads))
    assert await second.get("a") == _original(1_000)
    assert await second.get("b") is None
    await second.close()


async def test_a_removal_finds_a_write_that_still_waits_for_the_listing(
    tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    """The write was asked for first, and the removal comes in the very moment in which the listing is done."""
    tier = _tier(tmp_path, threads)

    async def remove() -> bool:
        await tier.ready()
        return await tier.remove("a")

    removing = asyncio.create_task(remove())
    await asyncio.sleep(0)
    writing = asyncio.create_task(tier.put("a", _original(1_000)))
    assert await removing
    assert await writing
    assert await tier.get("a") is None
    await tier.close()
    assert _files(tmp_path) == []
