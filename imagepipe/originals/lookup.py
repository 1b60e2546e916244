"""READ FIRST of this folder: finds a picture's original bytes, in the order of `LOOK_UP`.

Above it the variants, below it the store, the additional caches and the loader. What is found further down is put into
the tiers above it. One search per picture runs at a time, however many ask.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from groundwork.clock import Clock
from groundwork.single_flight import SingleFlight
from imagepipe.config import PipelineConfig
from imagepipe.errors import ImageError, PictureTooLarge, SourceFailed
from imagepipe.events import Events
from imagepipe.model import Original
from imagepipe.originals.load import OURSELVES, Loader, Requester
from imagepipe.originals.store import OriginalStore
from imagepipe.ports import AdditionalCache


@dataclass(frozen=True, slots=True)
class Search:
    """One search: what is looked for, and for whom."""

    url: str
    requester: Requester


Look = Callable[["Originals", Search], Awaitable[Original | None]]
"""One place of the look-up: the original with where it was found in its trail, or None: the next place is asked."""


class Originals:
    """The originals of one pipeline. `store` and `loader` are what it searches, open to the inspector."""

    def __init__(
        self,
        store: OriginalStore,
        additional: Sequence[AdditionalCache],
        loader: Loader,
        config: PipelineConfig,
        clock: Clock,
        events: Events,
    ) -> None:
        self.store = store
        self.loader = loader
        self._additional = additional
        self._config = config
        self._clock = clock
        self._events = events
        self._searches: SingleFlight[str, Original] = SingleFlight()
        places = (("disk", store.disk), ("additional", additional))
        self._absent = {name for name, there in places if not there}

    async def find(self, url: str, requester: Requester = OURSELVES) -> Original:
        """The original, with its trail. Raises `SourceFailed`, `PictureTooLarge` or another `ImageError`."""
        return await self._searches.run(requester.flight(url), lambda: self._search(Search(url, requester)))

    async def reload(self, url: str, requester: Requester = OURSELVES) -> tuple[Original, bool]:
        """Ask the source again; the original as it is now, and whether its bytes are others than before."""
        before = await self.store.get(url)
        original = _with_tags_of(before, await self.loader.load(url, before, requester))
        await self.store.keep(url, original)
        return original, before is None or before.body != original.body

    async def _search(self, search: Search) -> Original:
        self._events.tell("started", search.url, "")
        missed: list[str] = []
        for name, look in LOOK_UP:
            found = await look(self, search)
            if found is not None:
                self._events.tell("loaded", search.url, found.where)
                return replace(found, trail=(*missed, *found.trail))
            if name not in self._absent:
                missed.append(f"{name}:miss")
        raise SourceFailed("no source has this picture", "not_found")

    async def in_memory(self, search: Search) -> Original | None:
        return self._usable(await self.store.memory.get(search.url), "encoded")

    async def on_disk(self, search: Search) -> Original | None:
        original = None if self.store.disk is None else await self.store.disk.get(search.url)
        if original is not None and self._is_usable(original):
            await self.store.memory.put(search.url, original)
        return self._usable(original, "disk")

    async def in_additional(self, search: Search) -> Original | None:
        for cache in self._additional:
            try:
                body = await cache.get(search.url)
            except ImageError as error:
                self._events.problem(search.url, f"additional_cache_failed: {cache.name}: {error}")
                continue
            if body is not None:
                now = self._clock.now()
                original = Original(body, "", now, now + self._config.min_fresh_seconds)
                await self.store.keep(search.url, original)
                return _found(original, f"additional:{cache.name}")
        return None

    async def on_network(self, search: Search) -> Original | None:
        old = await self.store.get(search.url)  # only one that is too old to be used without asking
        refused = self.store.negative.get(search.url, self._clock.now())
        if refused is not None and old is None:
            raise refused
        try:
            original = _with_tags_of(old, await self.loader.load(search.url, old, search.requester))
        except PictureTooLarge as error:
            self.store.negative.put(search.url, error, self._clock.now())
            raise
        except SourceFailed as error:
            self.store.negative.put(search.url, error, self._clock.now())
            if old is None:
                self._events.problem(search.url, f"{error.code}: {error}")
                raise
            self._events.problem(search.url, f"stale_instead_of_error: {error.ending}")
            return _found(old, "stale")
        await self.store.keep(search.url, original)
        return _found(original, "network" if old is None or original.body is not old.body else "revalidated")

    def _is_usable(self, original: Original) -> bool:
        """Within its time, or at most `stale_while_revalidate` beyond it."""
        return self._clock.now() - original.stale_at <= self._config.stale_while_revalidate

    def _usable(self, original: Original | None, where: str) -> Original | None:
        return None if original is None or not self._is_usable(original) else _found(original, where)


LOOK_UP: tuple[tuple[str, Look], ...] = (
    ("encoded", Originals.in_memory),  # no wait at all
    ("disk", Originals.on_disk),  # a millisecond, no origin troubled; also after a restart
    ("additional", Originals.in_additional),  # someone else's store, but nearer than the origin and without its queue
    ("network", Originals.on_network),  # last: it costs the origin
)


def _found(original: Original, where: str) -> Original:
    return replace(original, trail=(where,))


def _with_tags_of(old: Original | None, new: Original) -> Original:
    """Tags are the caller's own: a newer version of the picture has them too."""
    return new if old is None or not old.tags else replace(new, tags=old.tags)
