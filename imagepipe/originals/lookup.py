"""READ FIRST of this folder: finds a picture's original bytes, in the order of `LOOK_UP`.

Above it the variants, below it the store, the additional caches and the loader. What is found further down is put into
the tiers above it, if it is a picture. One search per picture runs at a time, however many ask.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from groundwork.single_flight import SingleFlight
from imagepipe.config import PipelineConfig
from imagepipe.errors import BrokenPicture, ImageError, PictureTooLarge, SourceFailed, UnsupportedFormat
from imagepipe.events import Events
from imagepipe.model import Original, PictureInfo
from imagepipe.originals.load import OURSELVES, Loader, Requester
from imagepipe.originals.negative_cache import NO_PICTURE, SECONDS
from imagepipe.originals.store import OriginalStore
from imagepipe.ports import AdditionalCache

_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Search:
    """One search: what is looked for, for whom, and since when (by the store's `purges`)."""

    url: str
    requester: Requester
    moment: int


@dataclass(frozen=True, slots=True)
class Places:
    """Where originals are, beside the network. `sharing`: the stores of all pipelines that share, this one included."""

    store: OriginalStore
    additional: Sequence[AdditionalCache] = ()
    sharing: Sequence[OriginalStore] = ()


Look = Callable[["Originals", Search], Awaitable[Original | None]]
"""One place of the look-up: the original with where it was found in its trail, or None: the next place is asked."""


class Examiner(Protocol):
    """Looks at bytes that may be a picture. `ImageError` where they are none within the limits."""

    async def probe(self, body: bytes) -> PictureInfo:
        """What the header says."""

    async def placeholder(self, body: bytes, client: str) -> object:
        """Decodes it, when it is the client's turn."""


class Originals:
    """The originals of one pipeline. `store` and `loader` are what it searches, open to the inspector."""

    def __init__(
        self, places: Places, loader: Loader, examiner: Examiner, config: PipelineConfig, events: Events
    ) -> None:
        self.store = places.store
        self.loader = loader
        self._places = places
        self._examiner = examiner
        self._config = config
        self._clock = events.clock
        self._events = events
        self._searches: SingleFlight[str, Original] = SingleFlight()
        there = (("disk", places.store.disk), ("additional", places.additional))
        self._absent = {name for name, place in there if not place}

    async def find(self, url: str, requester: Requester = OURSELVES) -> Original:
        """The original, with its trail. Raises `SourceFailed`, `PictureTooLarge` or another `ImageError`."""
        search = Search(url, requester, self.store.purges.moment())
        return await self._searches.run(requester.flight(url), lambda: self._search(search))

    async def reload(self, url: str, requester: Requester = OURSELVES) -> tuple[Original, bool]:
        """Ask the source again; the original as it is now, and whether what was made of it does not hold any more: its
        bytes are others than before, or may not be kept any more.

        Raises at once what it raised before, until its origin may be asked again.
        """
        before = await self.store.get(url)
        search = Search(url, requester, self.store.purges.moment())
        original = await self._ask(search, before, stands_in=True)
        return original, before is None or original.storage != "anybody" or before.body != original.body

    def forget(self, url: str) -> None:
        """Who asks from now on does not join a search that is under way."""
        self._searches.leave(lambda key: key.split("\n", 1)[0] == url)

    def forget_all(self) -> None:
        """The same for every picture."""
        self._searches.leave(lambda _: True)

    async def reject(self, url: str, original: Original, error: ImageError) -> None:
        """These bytes proved to be no picture: they are not kept, and asked for again after a short while."""
        kept = await self.store.get(url)
        if kept is not None and kept.body == original.body:
            await self.store.discard(url)
        self.store.negative.put(url, error, self._clock.now())

    async def _search(self, search: Search) -> Original:
        self._events.tell("started", search.url, "")
        missed: list[str] = []
        for name, look in LOOK_UP:
            found = await look(self, search)
            if found is not None:
                self._events.tell("loaded", search.url, found.where)
                return replace(found, trail=(*missed, *found.trail))
            if name not in self._absent and (name != "shared" or len(self._places.sharing) > 1):
                missed.append(f"{name}:miss")
        raise SourceFailed("no source has this picture", "not_found")

    async def in_memory(self, search: Search) -> Original | None:
        return self._usable(await self.store.memory.get(search.url), "encoded")

    async def on_disk(self, search: Search) -> Original | None:
        original = None if self.store.disk is None else await self.store.disk.get(search.url)
        if original is not None and self._is_usable(original):
            await self.store.memory.put(search.url, original)
        return self._usable(original, "disk")

    async def in_shared(self, search: Search) -> Original | None:
        """A fresh one of another pipeline, unless it is older than the last purge here."""
        for store in self._places.sharing:
            if store is self.store:
                continue
            original = await store.get(search.url)
            if (
                original is not None
                and original.stale_at > self._clock.now()
                and self.store.purges.takes(search.url, original.stored_at)
            ):
                await self.store.keep(search.url, replace(original, tags=()), search.moment)
                return _found(original, f"shared:{store.name}")
        return None

    async def in_additional(self, search: Search) -> Original | None:
        for cache in self._places.additional:
            try:
                body = await cache.get(search.url)
                if body is None:
                    continue
                await self._examiner.probe(body)
            except ImageError as error:
                self._events.problem(search.url, f"additional_cache_failed: {cache.name}: {error}")
                continue
            now = self._clock.now()
            original = Original(body, "", now, now + self._config.min_fresh_seconds)
            await self.store.keep(search.url, original, search.moment)
            return _found(original, f"additional:{cache.name}")
        return None

    async def on_network(self, search: Search) -> Original | None:
        old = await self.store.get(search.url)  # only one that is too old to be used without asking
        try:
            original = await self._ask(search, old, stands_in=old is not None)
        except ImageError as error:
            if old is None or not self.stands_in(error, old.stale_at):
                raise
            self._events.problem(search.url, f"stale_instead_of_error: {_ending(error)}")
            return _found(old, "stale")
        return _found(original, "network" if old is None or original.body is not old.body else "revalidated")

    def stands_in(self, error: ImageError, stale_at: float) -> bool:
        """Whether a picture that was good until `stale_at` is answered instead of that error (RFC 5861, section 4)."""
        in_trouble = isinstance(error, (SourceFailed, PictureTooLarge, *NO_PICTURE)) and not is_gone(error)
        return in_trouble and self._clock.now() - stale_at <= self._config.stale_if_error

    def may_ask(self, url: str) -> bool:
        """Whether its origin may be asked already."""
        return self.store.negative.get(url, self._clock.now()) is None

    async def _ask(self, search: Search, old: Original | None, *, stands_in: bool) -> Original:
        """The source's answer, kept if it may be; what it has instead of a picture is remembered for a while."""
        url = search.url
        refused = self.store.negative.get(url, self._clock.now())
        if refused is not None:
            raise refused
        try:
            original = _with_tags_of(old, await self.loader.load(url, old, search.requester))
            if old is None or original.body is not old.body:
                original = await self._examined(search, original, old)
        except (SourceFailed, PictureTooLarge, *NO_PICTURE) as error:
            self.store.negative.put(url, error, self._clock.now(), stands_in=stands_in)
            self._events.problem(url, f"{error.code}: {error}")
            if old is not None and not self.stands_in(error, old.stale_at):
                await self.store.discard(url)
            raise
        await self.store.keep(url, original, search.moment)
        return original

    async def _examined(self, search: Search, original: Original, old: Original | None) -> Original:
        """The same if it is a picture; one that takes the place of another must be one to the last pixel.

        One that is cut off is asked for again soon, unless its origin has it so. It takes no other's place where its
        origin did not say how long it is: that may be a transfer that broke off.
        """
        announced, original = original.total is not None, replace(original, total=None)
        if not original.body:
            raise UnsupportedFormat("the answer is empty")
        info = await self._examiner.probe(original.body)
        if old is not None and old.body != original.body:
            await self._examiner.placeholder(original.body, search.requester.client)
        if not info.cut_off or (old is not None and old.body == original.body):
            return original
        if old is not None and not announced and not (await self._examiner.probe(old.body)).cut_off:
            raise BrokenPicture(f"{info.format} that is cut off")
        return replace(original, stale_at=min(original.stale_at, self._clock.now() + SECONDS))

    def _is_usable(self, original: Original) -> bool:
        """Within its time, or at most `stale_while_revalidate` beyond it."""
        return self._clock.now() - original.stale_at <= self._config.stale_while_revalidate

    def _usable(self, original: Original | None, where: str) -> Original | None:
        return None if original is None or not self._is_usable(original) else _found(original, where)


LOOK_UP: tuple[tuple[str, Look], ...] = (
    ("encoded", Originals.in_memory),  # no wait at all
    ("disk", Originals.on_disk),  # a millisecond, no origin troubled; also after a restart
    ("shared", Originals.in_shared),  # as quick, of another pipeline
    ("additional", Originals.in_additional),  # someone else's store, but nearer than the origin and without its queue
    ("network", Originals.on_network),  # last: it costs the origin
)


def is_gone(error: ImageError) -> bool:
    """Whether an origin says that it has this picture no more: then no old one stands in."""
    return isinstance(error, SourceFailed) and (error.status in _GONE or error.ending == "not_found")


def _ending(error: ImageError) -> str:
    return error.ending if isinstance(error, SourceFailed) else error.code


def _found(original: Original, where: str) -> Original:
    return replace(original, trail=(where,))


def _with_tags_of(old: Original | None, new: Original) -> Original:
    """Tags are the caller's own: a newer version of the picture has them too."""
    return new if old is None or not old.tags else replace(new, tags=old.tags)
