"""READ FIRST of this folder: a variant from the rendered tier, or made from the cheapest thing there is, and kept.

Above it the pipeline, below it the rendered tier, the originals and the renderer. Identical wishes are one render. What
would be slow is made later, in idle time.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from cachetools import LRUCache

from groundwork.single_flight import SingleFlight
from imagepipe.config import PipelineConfig
from imagepipe.errors import ImageError, SourceFailed
from imagepipe.events import Events, Tracer
from imagepipe.model import Original, PictureInfo, Rendered, Variant, VariantResult
from imagepipe.originals.load import OURSELVES, Requester
from imagepipe.originals.lookup import Originals
from imagepipe.originals.negative_cache import NO_PICTURE
from imagepipe.originals.partials import Download
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.variants.ancestor import cheapest, is_quicker, largest_preview
from imagepipe.variants.cache import RenderedTier
from imagepipe.variants.idle import IdleWork
from imagepipe.variants.render import Renderer, from_ancestor, from_original

THUMBNAIL_SIDE = 128
_THUMBNAIL = Variant(THUMBNAIL_SIDE, THUMBNAIL_SIDE, format="webp", animate=False)
_PLACEHOLDER = "placeholder"
_PLACEHOLDERS_KEPT = 10_000  # some 200 bytes each


@dataclass(frozen=True, slots=True)
class _Making:
    """One variant on its way: of which picture, since when (by the store's `purges`), and its steps so far."""

    src: str
    moment: int
    tracer: Tracer


class Variants:
    """The variants of one pipeline. `tier` is what it keeps, `under_way` what is being made, `originals` from what."""

    def __init__(
        self,
        config: PipelineConfig,
        tier: RenderedTier,
        originals: Originals,
        renderer: Renderer,
        idle: IdleWork,
        events: Events,
    ) -> None:
        self.tier = tier
        self.under_way: SingleFlight[str, VariantResult] = SingleFlight()
        self._config = config
        self.originals = originals
        self._renderer = renderer
        self._idle = idle
        self._events = events
        self._previews: SingleFlight[str, VariantResult | None] = SingleFlight()
        self._placeholders: LRUCache[str, Placeholder] = LRUCache(_PLACEHOLDERS_KEPT)

    def cached(self, src: str, wish: Variant, key: str | None = None) -> VariantResult | None:
        """What the rendered tier has, stale or not. `key` is the wish's own, where the caller has it."""
        kept = self.tier.get(src, key or wish.key)
        if kept is None:
            return None
        self._events.count("rendered")
        tracer = self._events.tracer()
        tracer.add("rendered:stale" if self.tier.is_stale(kept) else "rendered:hit")
        self._make_progressive_later(src, wish, kept)
        return kept.found("rendered", tracer.trace)

    async def make(self, src: str, wish: Variant, requester: Requester = OURSELVES) -> VariantResult:
        """The variant, from the cheapest cached ancestor or from the original, wherever that is."""
        key = requester.flight(f"{src}\n{wish.key}")
        if key in self.under_way:
            self._events.count("coalesced")
        return await self.under_way.run(key, lambda: self._make(src, wish, requester))

    async def make_from(self, src: str, wish: Variant, original: Original, client: str) -> VariantResult:
        """The variant of an original that is here; its `where` is the last of the original's trail."""
        making = self._begin(src)
        rendered = await self._render(src, wish, original.body, client)
        return self._finish(making, from_original(rendered, wish, original), original.where)

    def make_later(self, src: str, wish: Variant) -> None:
        """Make it in a quiet moment."""
        self._idle.add(f"warm {self._config.name} {src} {wish.key}", partial(self.make, src, wish))

    async def preview(self, src: str, wish: Variant, client: str) -> VariantResult | None:
        """Something to show at once: another size from the cache, or the scans that have come so far."""
        tracer = self._events.tracer()
        shown = largest_preview(self.tier.of(src), wish)
        download = self.originals.loader.downloads.get(src)
        if shown is None and download is not None:
            shown = await self._unfinished(wish, download, client)
        if shown is None:
            return None
        tracer.add("preview")
        self._events.count("preview")
        return shown.found("preview", tracer.trace, preview=True)

    async def placeholder(self, src: str, requester: Requester = OURSELVES) -> Placeholder:
        """Size, main colour and BlurHash of the picture."""
        known = self._placeholders.get(src)
        if known is None:
            making = self._begin(src)
            with self._remembering(src, _PLACEHOLDER):
                original = await self.originals.find(src, requester)
                async with self._doubting(src, original):
                    known = await self._renderer.placeholder(original.body, requester.client)
            if original.storage != "anybody" or not self._may_keep(making):
                return known
            self._placeholders[src] = known
        return known

    async def measure(self, src: str, body: bytes) -> Placeholder:
        """The same of bytes that are here; remembered where they are kept."""
        making = self._begin(src)
        known = await self._renderer.placeholder(body, OURSELVES.client)
        if await self.originals.store.at_hand(src) and self._may_keep(making):
            self._placeholders[src] = known
        return known

    async def thumbnail(self, src: str) -> Rendered | None:
        """A small picture of what is here, for whoever looks at the caches; None where nothing is.

        No origin is asked, and it is neither kept nor counted."""
        here = [each for each in self.tier.of(src) if each.variant.is_plain and each.rendered.width >= THUMBNAIL_SIDE]
        smallest = min(here, key=lambda each: each.rendered.width * each.rendered.height, default=None)
        original = await self.originals.store.get(src) if smallest is None else None
        body = smallest.rendered.body if smallest is not None else original.body if original is not None else None
        return None if body is None else await self._renderer.render(body, _THUMBNAIL, OURSELVES.client)

    def forget(self, src: str) -> bool:
        """Drop everything that was made from a picture; whether there was any variant."""
        self._placeholders.pop(src, None)
        self.originals.store.negative.changed(src)
        self.under_way.leave(lambda key: key.split("\n", 1)[0] == src)
        return self.tier.remove(src) > 0

    def forget_all(self) -> None:
        """Who asks from now on does not join what is being made of any picture."""
        self.under_way.leave(lambda _: True)

    def _begin(self, src: str) -> _Making:
        return _Making(src, self.originals.store.purges.moment(), self._events.tracer())

    def _may_keep(self, making: _Making) -> bool:
        return self.originals.store.purges.holds(making.src, making.moment)

    async def _make(self, src: str, wish: Variant, requester: Requester) -> VariantResult:
        making = self._begin(src)
        making.tracer.add("rendered:miss")
        ancestor = cheapest(self.tier.of(src), wish)
        if ancestor is not None and not is_quicker(ancestor) and await self.originals.store.at_hand(src):
            ancestor = None
        if ancestor is None:
            return await self._make_from_original(making, wish, requester)
        making.tracer.add("ancestor:hit")
        body, picture = ancestor.rendered.body, ancestor.original
        rendered = await self._render(src, wish, body, requester.client, original=picture)
        return self._finish(making, from_ancestor(rendered, wish, ancestor), "ancestor")

    async def _make_from_original(self, making: _Making, wish: Variant, requester: Requester) -> VariantResult:
        with self._remembering(making.src, wish.key):
            original = await self.originals.find(making.src, requester)
            making.tracer.passed(original.trail[:-1])
            making.tracer.add(original.where)
            async with self._doubting(making.src, original):
                rendered = await self._render(making.src, wish, original.body, requester.client)
        return self._finish(making, from_original(rendered, wish, original), original.where)

    @contextmanager
    def _remembering(self, src: str, attempt: str) -> Iterator[None]:
        """Around an attempt to make something of the original: one that failed for good is not made again at once."""
        negative, now = self.originals.store.negative, self._events.clock.now
        if (known := negative.get(src, now(), attempt)) is not None:
            raise known
        try:
            yield
        except (SourceFailed, *NO_PICTURE):
            raise  # the look-up remembers it
        except ImageError as error:
            negative.put(src, error, now(), attempt)
            raise

    @asynccontextmanager
    async def _doubting(self, src: str, original: Original) -> AsyncIterator[None]:
        """Around work on an original that may prove to be no picture."""
        try:
            yield
        except NO_PICTURE as error:
            await self.originals.reject(src, original, error)
            raise

    async def _render(
        self, src: str, wish: Variant, body: bytes, client: str, original: PictureInfo | None = None
    ) -> Rendered:
        self._events.count("renders")
        at_once = self._config.progressive == "at_once"
        slow = self._config.avif_at_once_pixels
        options = {"progressive": at_once, "slow_pixels": slow, "original": original}
        try:
            return await self._renderer.render(body, wish, client, **options)
        except ImageError as error:
            self._events.problem(src, f"{error.code}: {error}")
            raise

    async def _unfinished(self, wish: Variant, download: Download, client: str) -> VariantResult | None:
        end = await download.shown_until(self._renderer.limits.scans)
        if end is None:
            return None
        key = f"{download.url}\n{wish.key}\n{end}"
        return await self._previews.run(key, lambda: self._early(download.url, wish, download.begin(end), client))

    async def _early(self, src: str, wish: Variant, prefix: bytes, client: str) -> VariantResult | None:
        """From the beginning of a picture, not kept; None where it cannot be shown: then the whole is waited for."""
        try:
            rendered = await self._renderer.render(prefix, wish, client)
        except ImageError as error:
            self._events.problem(src, f"no_preview: {error.code}: {error}")
            return None
        now = self._events.clock.now()
        return from_original(rendered, wish, Original(prefix, "image/jpeg", now, now))

    def _finish(self, making: _Making, made: VariantResult, where: str) -> VariantResult:
        making.tracer.add("render")
        made = replace(made, made_from=where)
        self._keep(making, made)
        self._events.count(where.split(":")[0])
        self._events.tell("finished", making.src, where)
        return made.found(where, making.tracer.trace)

    def _keep(self, making: _Making, made: VariantResult) -> None:
        src, wish = making.src, made.variant
        if made.storage != "anybody" or not self._may_keep(making):
            return
        if not self.tier.put(src, wish.key, made) and self.tier.lru.on:
            self._events.problem(src, "too_large_for_rendered_tier")
        for problem in made.rendered.problems:
            self._events.problem(src, problem)
        width = wish.pixels(wish.width)
        if width is not None and width > made.original.width and not wish.enlarge:
            self._events.problem(src, f"asked_larger_than_original: {width} of {made.original.width}")
        if made.rendered.postponed is not None:
            self._rework_later(src, wish)

    def _make_progressive_later(self, src: str, wish: Variant, kept: VariantResult) -> None:
        """A baseline JPEG that is asked for again is worth the slower encoding that shows earlier."""
        made = kept.rendered
        large = made.format == "jpeg" and len(made.body) > self._config.progressive_bytes
        if self._config.progressive == "idle" and large and not kept.reworked:
            self.tier.put(src, wish.key, replace(kept, reworked=True))
            self._rework_later(src, wish)

    def _rework_later(self, src: str, wish: Variant) -> None:
        self._idle.add(f"{src}\n{wish.key}", partial(self._rework, src, wish))

    async def _rework(self, src: str, wish: Variant) -> None:
        """The better encoding of a variant that was answered quickly; it takes the quick one's place."""
        making = self._begin(src)
        original = await self.originals.store.get(src)
        if original is None:
            return
        rendered = await self._renderer.render(original.body, wish, OURSELVES.client, progressive=True)
        if not self._may_keep(making):
            return
        self._events.count("reworked")
        self.tier.put(src, wish.key, replace(from_original(rendered, wish, original), reworked=True))
