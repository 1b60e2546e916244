"""The own tiers of originals, memory and disk, and the negative cache. The disk is written behind.

Above it the look-up and the administration, below it the tiers. It never asks an origin.
"""

from imagepipe.background import Background
from imagepipe.events import Events
from imagepipe.model import Original
from imagepipe.originals.negative_cache import NegativeCache
from imagepipe.originals.purges import Purges
from imagepipe.ports import OriginalTier

_MOST_WAITING = 64 * 1024 * 1024
"""Bytes on their way to a disk that is slower than the network; what comes beyond is kept in memory alone."""


class OriginalStore:
    """What the pipeline `name` has of originals. `disk` is None where there is no folder."""

    def __init__(
        self, name: str, memory: OriginalTier, disk: OriginalTier | None, events: Events, background: Background
    ) -> None:
        self.name = name
        self.negative = NegativeCache()
        self.purges = Purges()
        self.memory = memory
        self.disk = disk
        self._events = events
        self._background = background
        self._to_disk: dict[str, Original] = {}
        self._disk_bytes = 0

    async def get(self, url: str) -> Original | None:
        """The original from memory or disk, stale or not; None for absence."""
        original = await self.memory.get(url)
        if original is None and self.disk is not None:
            original = await self.disk.get(url)
        return original

    async def at_hand(self, url: str) -> bool:
        """Whether it can be had without asking anybody: it is in memory, or surely on disk."""
        return await self.in_memory(url) or (self.disk is not None and self.disk.knows(url))

    async def in_memory(self, url: str) -> bool:
        """Whether it is in memory, which costs nothing to know."""
        return await self.memory.get(url) is not None

    async def keep(self, url: str, original: Original, moment: int | None = None) -> None:
        """Put it into memory and on disk, unless its origin forbids it. The disk is not waited for.

        `moment` is when it was asked for, of `purges`: what was purged since is not kept.
        """
        self.negative.loaded(url)
        if original.storage != "anybody":
            await self.discard(url)  # an older one, from when it might be kept, must not be shown in its place
            return
        if moment is not None and not self.purges.holds(url, moment):
            return
        if not await self.memory.put(url, original) and self.memory.on:
            self._events.problem(url, "too_large_for_encoded_tier")
        if self.disk is None:
            return
        if self._disk_bytes + len(original.body) > _MOST_WAITING:
            self._events.problem(url, "not_kept_on_disk: the disk is behind")
            await self.disk.remove(url)  # what it holds is older
            return
        self._to_disk[url] = original
        self._background.start(url, self._keep_on_disk(self.disk, url))

    async def remove(self, url: str) -> bool:
        """Forget it in every tier, and what is being loaded of it; whether it was anywhere."""
        self.negative.forget(url)
        self.purges.purge(url, self._events.clock.now())
        removed = self._to_disk.pop(url, None) is not None
        removed = await self.memory.remove(url) or removed
        if self.disk is not None:
            removed = await self.disk.remove(url) or removed
        return removed

    async def discard(self, url: str) -> None:
        """Drop it from every tier; what is known of its origin stays."""
        self._to_disk.pop(url, None)
        await self.memory.remove(url)
        if self.disk is not None:
            await self.disk.remove(url)

    def identifiers(self, tag: str | None = None) -> list[str]:
        """Every picture in memory or on disk, or those with that tag."""
        on_disk = [] if self.disk is None else self.disk.identifiers(tag)
        return list({*self.memory.identifiers(tag), *on_disk})

    async def _keep_on_disk(self, disk: OriginalTier, url: str) -> None:
        original = self._to_disk.pop(url, None)  # None: a newer one went first, or it was removed meanwhile
        if original is None:
            return
        self._disk_bytes += len(original.body)
        try:
            if not await disk.put(url, original) and disk.on:
                self._events.problem(url, "not_kept_on_disk")
        finally:
            self._disk_bytes -= len(original.body)
