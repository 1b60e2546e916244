"""The disk tier: originals that outlive the process. Accounting on the loop, reading and writing in the executor.

Bytes are reserved before they are written and given back after they are unlinked, so that the folder never holds more
than the limit, however many write. Few write at a time, so that a reservation, being the newest entry of a few, is
never what must make room. The listing of an earlier run is read beside the first answers: reads go straight to the
file's name, and only writes wait for it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from groundwork.clock import Clock
from imagepipe.config import TierLimits
from imagepipe.model import Original
from imagepipe.tiers import picture_file
from imagepipe.tiers.lru import Shared

T = TypeVar("T")

_WRITING = "\nwriting "
"""Begins the key of bytes that are reserved but not yet a file; no identifier holds a line break."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What the accounting knows of a file."""

    path: Path
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileAccess:
    """The threads that read and write files, and how many may write at a time over all tiers that share a limit; times
    their largest share they must fit."""

    executor: Executor
    writing: asyncio.Semaphore = field(default_factory=asyncio.Semaphore)


class DiskTier:
    """An `OriginalTier` in a folder; with `growing` a `PartialTier`."""

    def __init__(
        self,
        folder: Path,
        limits: TierLimits,
        shared: Shared[OnDisk],
        clock: Clock,
        access: FileAccess,
        *,
        growing: bool = False,
    ) -> None:
        self.lru = shared.join(limits, _evicted)
        self._folder = folder
        self._clock = clock
        self._executor = access.executor
        self._growing = growing
        self._writing = access.writing
        self._serial = 0
        self._listing: asyncio.Task[None] | None = None
        self._writes: dict[str, asyncio.Task[bool]] = {}

    def start(self) -> None:
        """Begin to list what is there. Called once, on the loop."""
        self._listing = asyncio.get_running_loop().create_task(self._list())

    async def ready(self) -> None:
        """Wait until the listing is done."""
        if self._listing is None:
            self.start()
        assert self._listing is not None
        await asyncio.shield(self._listing)

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._listing is not None:
            await asyncio.gather(self._listing, return_exceptions=True)
        await asyncio.gather(*self._writes.values(), return_exceptions=True)

    @property
    def on(self) -> bool:
        return self.lru.on

    async def get(self, identifier: str) -> Original | None:
        known = identifier in self.lru
        if known and self.lru.get(identifier, self._clock.now()) is None:
            return None
        listed = self._listing is not None and self._listing.done()
        if self.lru.limits.bytes == 0 or (listed and not known):
            return None
        path = self._path(identifier)
        original = await self._run(picture_file.read, path, identifier)
        if original is None:
            self.lru.remove(identifier)
        return original

    def knows(self, identifier: str) -> bool:
        return identifier in self.lru

    async def put(self, identifier: str, original: Original) -> bool:
        return await self._in_turn(identifier, lambda: self._write(identifier, original))

    async def extend(self, identifier: str, at: int, piece: Original) -> bool:
        if at == 0:
            return await self.put(identifier, piece)
        return await self._in_turn(identifier, lambda: self._append(identifier, at, piece))

    async def remove(self, identifier: str) -> bool:
        await self._written(identifier)
        await self.ready()
        return self._drop(identifier)

    def _drop(self, identifier: str) -> bool:
        entry = self.lru.remove(identifier)
        if entry is not None:
            _unlink(entry.path)
        return entry is not None

    def identifiers(self, tag: str | None = None) -> list[str]:
        known = ((key, entry.value.tags) for key, entry in self.lru.items() if not key.startswith(_WRITING))
        return [key for key, tags in known if tag is None or tag in tags]

    async def _write(self, identifier: str, original: Original) -> bool:
        parts = picture_file.pack(identifier, original, growing=self._growing)
        path = self._path(identifier)
        reservation = self._reserve(OnDisk(path, original.tags), sum(map(len, parts)))
        if reservation is None:
            self._drop(identifier)
            return False
        aside = self._folder / "aside" / reservation.removeprefix(_WRITING)
        try:
            await self._run(picture_file.write, path, aside, parts)
        except OSError:
            self.lru.remove(reservation)
            _unlink(aside)
            return False
        if reservation not in self.lru:  # evicted while it was being written, before the file had its name
            self.lru.remove(identifier)
            _unlink(path)
            return False
        self.lru.rename(reservation, identifier)
        return True

    async def _append(self, identifier: str, at: int, piece: Original) -> bool:
        path = self._path(identifier)
        reservation = self._reserve(OnDisk(path), picture_file.piece_size(piece))
        if reservation is None:
            return False
        try:
            appended = await self._run(picture_file.append, path, identifier, at, piece)
        except OSError:
            appended = False
        if appended and self.lru.merge(reservation, identifier):
            return True
        if appended:  # one of the two was evicted meanwhile: the file is longer than anybody counts
            self.lru.remove(identifier)
            _unlink(path)
        self.lru.remove(reservation)
        return False

    def _reserve(self, entry: OnDisk, size: int) -> str | None:
        """The key under which bytes that will be written are counted; None where there is no room for them."""
        self._serial += 1
        key = f"{_WRITING}{self._serial}"
        return key if self.lru.put(key, entry, size, self._clock.now()) else None

    async def _in_turn(self, identifier: str, write: Callable[[], Coroutine[None, None, bool]]) -> bool:
        """Nothing is awaited before the write has its place in the row: a removal that comes later must find it."""
        work = self._after(self._writes.get(identifier), write)
        task = self._writes[identifier] = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda _task: self._forget(identifier, task))
        return await asyncio.shield(task)  # a caller who leaves must not leave the accounting half done

    async def _after(self, before: asyncio.Task[bool] | None, write: Callable[[], Coroutine[None, None, bool]]) -> bool:
        if before is not None:
            await asyncio.wait([before])
        await self.ready()
        async with self._writing:
            return await write()

    async def _written(self, identifier: str) -> None:
        """One write of a picture at a time, in order: the later one wins, and nothing comes back after a removal."""
        while (task := self._writes.get(identifier)) is not None:
            await asyncio.wait([task])

    def _forget(self, identifier: str, task: asyncio.Task[bool]) -> None:
        if self._writes.get(identifier) is task:
            del self._writes[identifier]

    async def _list(self) -> None:
        await self._run(_clear, self._folder / "aside")
        for file in await self._run(picture_file.list_folder, self._folder):
            if file.meta.identifier not in self.lru:
                entry = OnDisk(file.path, file.meta.tags)
                if not self.lru.put(file.meta.identifier, entry, file.size, file.used_at):
                    _unlink(file.path)
        self.lru.expire(self._clock.now())

    def _path(self, identifier: str) -> Path:
        return self._folder / picture_file.file_name(identifier)

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(function, *arguments))


def _clear(aside: Path) -> None:
    """Whatever an earlier run did not finish writing."""
    aside.mkdir(parents=True, exist_ok=True)
    for path in aside.iterdir():
        path.unlink(missing_ok=True)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _evicted(_identifier: str, entry: OnDisk) -> None:
    # On the loop, at once: some 20 µs, and the folder is never above its limit.
    _unlink(entry.path)
