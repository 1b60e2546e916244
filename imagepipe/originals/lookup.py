"""Finds a picture's original bytes: from memory, from disk, from caches beside, from the network, in that order.

Above it the pipeline, below it the tiers and the loader. What is found further down is put into the tiers above it. One
search per picture runs at a time, however many ask.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from imagepipe.background import Background
from imagepipe.config import PipelineConfig
from imagepipe.errors import ImageError, SourceFailed
from imagepipe.events import Events
from imagepipe.model import Original
from imagepipe.originals.load import Loader
from imagepipe.originals.negative_cache import NegativeCache
from imagepipe.originals.requester import OURSELVES, Requester
from imagepipe.ports import AdditionalCache, Clock, OriginalTier
from imagepipe.single_flight import SingleFlight

_MOST_WAITING = 64 * 1024 * 1024
"""Bytes on their way to a disk that is slower than the network; what comes beyond is kept in memory alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """An original and where it was found; `stale` says that it should be asked for again, `missed` where it was not."""

    original: Original
    where: str
    stale: bool = False
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """One search: what is looked for, until when, and for whom."""

    url: str
    deadline: float
    requester: Requester


Look = Callable[["Originals", Search], Awaitable[Found | None]]


class Originals:
    """The originals of one pipeline. `disk` is None where there is no folder."""

    def __init__(
        self,
        config: PipelineConfig,
        encoded: OriginalTier,
        disk: OriginalTier | None,
        additional: Sequence[AdditionalCache],
        loader: Loader,
        clock: Clock,
        events: Events,
        background: Background,
    ) -> None:
        self.loader = loader
        self.searches: SingleFlight[Found] = SingleFlight()
        self._config = config
        self._encoded = encoded
        self._disk = disk
        self._additional = additional
        self._clock = clock
        self._events = events
        self._background = background
        self._absent = {name for name, there in (("disk", disk), ("additional", additional)) if not there}
        self._to_disk: dict[str, Original] = {}
        self._disk_bytes = 0
        self._negative = NegativeCache()

    async def find(self, url: str, deadline: float, requester: Requester = OURSELVES) -> Found:
        """The original. Raises `SourceFailed`, `PictureTooLarge` or another `ImageError`."""
        return await self.searches.run(requester.flight(url), lambda: self._search(Search(url, deadline, requester)))

    async def reload(self, url: str, deadline: float, requester: Requester = OURSELVES) -> tuple[Original, bool]:
        """Ask the source again; the original as it is now, and whether its bytes are others than before."""
        before = await self.cached(url)
        original = _with_tags_of(before, await self.loader.load(url, before, deadline, requester))
        await self.keep(url, original)
        return original, before is None or before.body != original.body

    async def in_own_memory(self, url: str) -> bool:
        """Whether the original is in memory, which costs nothing to know."""
        return await self._encoded.get(url) is not None

    async def cached(self, url: str) -> Original | None:
        """The original from the own tiers, stale or not."""
        original = await self._encoded.get(url)
        if original is None and self._disk is not None:
            original = await self._disk.get(url)
        return original

    async def keep(self, url: str, original: Original) -> None:
        """Put it into memory and on disk. The disk is not waited for."""
        self._negative.forget(url)
        if not await self._encoded.put(url, original) and self._encoded.on:
            self._events.problem(url, "too_large_for_encoded_tier")
        if self._disk is None:
            return
        if self._disk_bytes + len(original.body) > _MOST_WAITING:
            self._events.problem(url, "not_kept_on_disk: the disk is behind")
            await self._disk.remove(url)  # what it holds is older
            return
        self._to_disk[url] = original
        self._background.start(url, self._keep_on_disk(self._disk, url))

    async def remove(self, url: str) -> bool:
        """Forget it in every tier; whether it was anywhere."""
        self._negative.forget(url)
        removed = self._to_disk.pop(url, None) is not None
        removed = await self._encoded.remove(url) or removed
        if self._disk is not None:
            removed = await self._disk.remove(url) or removed
        return removed

    def identifiers(self, tag: str | None = None) -> list[str]:
        """Every picture in memory or on disk, or those with that tag."""
        on_disk = [] if self._disk is None else self._disk.identifiers(tag)
        return list({*self._encoded.identifiers(tag), *on_disk})

    async def _search(self, search: Search) -> Found:
        self._events.tell("started", search.url, "")
        missed: list[str] = []
        for name, look in LOOK_UP:
            found = await look(self, search)
            if found is not None:
                self._events.tell("loaded", search.url, found.where)
                return replace(found, missed=tuple(missed))
            if name not in self._absent:
                missed.append(f"{name}:miss")
        raise SourceFailed("no source has this picture", "not_found")

    async def in_memory(self, search: Search) -> Found | None:
        return self._usable(await self._encoded.get(search.url), "encoded")

    async def on_disk(self, search: Search) -> Found | None:
        original = None if self._disk is None else await self._disk.get(search.url)
        found = self._usable(original, "disk")
        if found is not None:
            await self._encoded.put(search.url, found.original)
        return found

    async def in_additional(self, search: Search) -> Found | None:
        for cache in self._additional:
            try:
                body = await cache.get(search.url)
            except ImageError as error:
                self._events.problem(search.url, f"additional_cache_failed: {cache.name}: {error}")
                continue
            if body is not None:
                now = self._clock.now()
                original = Original(body, "", now, now + self._config.min_fresh_seconds)
                await self.keep(search.url, original)
                return Found(original, f"additional:{cache.name}")
        return None

    async def on_network(self, search: Search) -> Found | None:
        old = await self.cached(search.url)  # only one that is too old to be used without asking
        refused = self._negative.of(search.url, self._clock.now())
        if refused is not None and old is None:
            raise refused
        try:
            original = _with_tags_of(old, await self.loader.load(search.url, old, search.deadline, search.requester))
        except SourceFailed as error:
            self._negative.note(search.url, error, self._clock.now())
            if old is None:
                self._events.problem(search.url, f"{error.code}: {error}")
                raise
            self._events.problem(search.url, f"stale_instead_of_error: {error.ending}")
            return Found(old, "stale", stale=True)
        await self.keep(search.url, original)
        return Found(original, "network" if old is None or original.body is not old.body else "revalidated")

    def _usable(self, original: Original | None, where: str) -> Found | None:
        """Within its time, or at most `stale_while_revalidate` beyond it."""
        if original is None:
            return None
        over = self._clock.now() - original.stale_at
        return None if over > self._config.stale_while_revalidate else Found(original, where, stale=over >= 0)

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


LOOK_UP: tuple[tuple[str, Look], ...] = (
    ("encoded", Originals.in_memory),  # no wait at all
    ("disk", Originals.on_disk),  # a millisecond, no origin troubled; also after a restart
    ("additional", Originals.in_additional),  # someone else's store, but nearer than the origin and without its queue
    ("network", Originals.on_network),  # last: it costs the origin
)


def _with_tags_of(old: Original | None, new: Original) -> Original:
    """Tags are the caller's own: a newer version of the picture has them too."""
    return new if old is None or not old.tags else replace(new, tags=old.tags)


def marked_stale(original: Original, since: float) -> Original:
    """The same original, to be asked for again from that moment."""
    return replace(original, stale_at=min(original.stale_at, since))
