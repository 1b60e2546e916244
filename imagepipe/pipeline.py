"""READ FIRST: a named pipeline, from a wish for a variant to its bytes.

    rendered tier ─► preview, if asked ─► cheapest cached ancestor ─► original (`originals.LOOK_UP`) ─► render ─► kept

Above it the registry and the HTTP service; below it `making`, `originals`, `loading`, the tiers and, in the worker
threads, `rendering`. Identical wishes are one render, identical originals one fetch. Every way out is an `Answer` or an
`ImageError`, and every answer says where it was found.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from imagepipe.admin import Admin
from imagepipe.background import Background
from imagepipe.codecs.registry import Codecs
from imagepipe.config import ImagesConfig, PipelineConfig
from imagepipe.errors import ImageError
from imagepipe.events import Events
from imagepipe.model import Original, Variant
from imagepipe.originals.lookup import Originals
from imagepipe.originals.partials import Download
from imagepipe.originals.requester import OURSELVES, Requester
from imagepipe.originals.source_rules import check_source, normal_source
from imagepipe.ports import Clock, Workers
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.single_flight import SingleFlight
from imagepipe.tiers.rendered import Finished, RenderedTier
from imagepipe.tracing import Trace
from imagepipe.variants.ancestor import largest_preview
from imagepipe.variants.idle import IdleWork
from imagepipe.variants.negotiation import resolve
from imagepipe.variants.query import parse_variant, read_query
from imagepipe.variants.render import Answer, Maker
from imagepipe.variants.turns import Turns

_PLACEHOLDERS_KEPT = 10_000  # some 200 bytes each
_FALLBACK = "fallback"  # no address, so that no picture can take its place
_WARM_ACCEPT = "image/avif,image/webp"  # as most browsers ask


@dataclass(frozen=True, slots=True)
class Parts:
    """What a pipeline is made of; the registry chooses."""

    rendered: RenderedTier
    originals: Originals
    workers: Workers
    turns: Turns
    idle: IdleWork
    codecs: Codecs
    clock: Clock
    events: Events
    background: Background


class Pipeline:
    """One named pipeline. `admin` changes what it holds; the inspector looks at `rendered`, `originals`, `events`."""

    def __init__(self, config: PipelineConfig, common: ImagesConfig, parts: Parts) -> None:
        self.config = config
        self.events = parts.events
        self.rendered = parts.rendered
        self.originals = parts.originals
        self.renders: SingleFlight[Answer] = SingleFlight()
        self._common = common
        self._parts = parts
        self._clock = parts.clock
        self._background = parts.background
        self._previews: SingleFlight[Finished | None] = SingleFlight()
        self._reloads: SingleFlight[None] = SingleFlight()
        self._placeholders: OrderedDict[str, Placeholder] = OrderedDict()
        self.admin = Admin(
            config,
            common,
            parts.rendered,
            parts.originals,
            parts.workers,
            parts.codecs,
            parts.clock,
            self._forget_made,
        )
        self._maker = Maker(
            config,
            common,
            parts.rendered,
            parts.originals,
            parts.turns,
            parts.idle,
            parts.codecs,
            parts.clock,
            parts.events,
        )

    async def variant(
        self,
        src: str,
        variant: Variant,
        *,
        accept: str = "",
        preview: bool = False,
        save_data: bool = False,
        requester: Requester = OURSELVES,
    ) -> Answer:
        """The picture at `src` as `variant`. Raises `ImageError`. Cancelled, it disturbs nobody else."""
        src = check_source(src, self.config.allow_hosts)
        wish = resolve(variant, accept, save_data, self.config.quality)
        found = self.cached(src, wish, requester=requester) or (
            await self._preview(src, wish, requester) if preview else None
        )
        if found is not None:
            return found
        answer = await self._make(src, wish, requester)
        if answer.finished.stale_at <= self._clock.now():
            self._reload_later(src, requester)
        return answer

    def cached(
        self, src: str, wish: Variant, key: str | None = None, requester: Requester = OURSELVES
    ) -> Answer | None:
        """The answer from the rendered tier alone, if it is there. A stale one is given, and loaded again behind it.

        `key` is the wish's own, for a caller that has it at hand.
        """
        now = self._clock.now()
        finished = self.rendered.get(src, key or wish.key, now)
        if finished is None:
            return None
        self.events.counts["rendered"] += 1
        stale = finished.stale_at <= now
        if stale:
            self._reload_later(src, requester)
        trace = Trace(self._clock)
        trace.add("rendered:stale" if stale else "rendered:hit")
        self._maker.make_progressive_later(src, wish, finished)
        return Answer(finished, "rendered", trace, preview=stale)

    async def placeholder(self, src: str, requester: Requester = OURSELVES) -> Placeholder:
        """Size, main colour and BlurHash of the picture at `src`."""
        src = check_source(src, self.config.allow_hosts)
        known = self._placeholders.get(src)
        if known is None:
            found = await self.originals.find(src, self._clock.now() + self._common.request_seconds, requester)
            known = self._placeholders[src] = await self._maker.placeholder(found.original.body, requester)
            if len(self._placeholders) > _PLACEHOLDERS_KEPT:
                self._placeholders.popitem(last=False)
        return known

    async def put(
        self,
        src: str,
        body: bytes,
        content_type: str = "",
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        fresh_seconds: float | None = None,
        tags: tuple[str, ...] = (),
    ) -> None:
        """Store a picture that was had elsewhere, in memory and on disk; refused with `ImageError` if it is none."""
        src = normal_source(src)
        await self.admin.put(src, body, content_type, etag, last_modified, fresh_seconds, tags)
        self.warm(src)

    def warm(self, src: str, queries: Sequence[str] | None = None) -> int:
        """Make these variants, or the configured ones, in a quiet moment; how many. Raises `InvalidVariant`."""
        src = check_source(src, self.config.allow_hosts)
        wanted = self.config.warm_up if queries is None else queries
        variants = [parse_variant(read_query(query), self.config.presets) for query in wanted]
        for variant in variants:
            wish = resolve(variant, _WARM_ACCEPT, False, self.config.quality)
            self._parts.idle.add(f"warm {self.config.name} {src} {wish.key}", partial(self._make, src, wish))
        return len(variants)

    async def settle(self) -> None:
        """Wait for everything begun in the background."""
        await self._background.settle()
        await self.originals.loader.close()

    async def _make(self, src: str, wish: Variant, requester: Requester = OURSELVES) -> Answer:
        key = requester.flight(f"{src}\n{wish.key}")
        if key in self.renders:
            self.events.counts["coalesced"] += 1
        return await self.renders.run(key, lambda: self._maker.make(src, wish, requester))

    async def _preview(self, src: str, wish: Variant, requester: Requester) -> Answer | None:
        """Something to show at once: another size from the cache, or the scans that have come so far."""
        trace = Trace(self._clock)
        smaller = largest_preview(self.rendered.of(src), wish)
        growing = self.originals.loader.growing.get(src)
        if smaller is None and growing is not None:
            smaller = await self._unfinished(src, wish, growing, requester)
        if smaller is None:
            return None
        trace.add("preview")
        self.events.counts["preview"] += 1
        self._background.start(src, self._make(src, wish, requester))
        return Answer(smaller, "preview", trace, preview=True)

    async def _unfinished(self, src: str, wish: Variant, growing: Download, requester: Requester) -> Finished | None:
        end = await growing.shown_until(self._common.limits.scans)
        if end is None:
            return None
        key = f"{src}\n{wish.key}\n{end}"
        return await self._previews.run(key, lambda: self._early(src, wish, growing.begin(end), requester))

    async def _early(self, src: str, wish: Variant, prefix: bytes, requester: Requester) -> Finished | None:
        """None where the beginning cannot be shown: then the whole is waited for."""
        try:
            return await self._maker.early(wish, prefix, requester)
        except ImageError as error:
            self.events.problem(src, f"no_preview: {error.code}: {error}")
            return None

    def _reload_later(self, src: str, requester: Requester) -> None:
        if src not in self._reloads:
            self._background.start(src, self._reloads.run(src, lambda: self._reload(src, requester)))

    async def _reload(self, src: str, requester: Requester) -> None:
        until = self._clock.now() + self._common.request_seconds
        original, changed = await self.originals.reload(src, until, requester)
        self.events.counts["reloaded"] += 1
        if changed:
            self._forget_made(src)
        else:
            self.rendered.freshen(src, original.stale_at)

    async def fallback(
        self, variant: Variant, accept: str, save_data: bool, requester: Requester = OURSELVES
    ) -> Answer | None:
        """The picture that stands in where there is none, as that variant; None where none is configured."""
        if self.config.fallback is None:
            return None
        wish = resolve(variant, accept, save_data, self.config.quality)
        found = self.cached(_FALLBACK, wish)
        if found is not None:
            return found
        now = self._clock.now()
        picture = Original(self.config.fallback, "", now, float("inf"))
        return await self._maker.from_original(_FALLBACK, wish, picture, "fallback", requester)

    def _forget_made(self, src: str) -> bool:
        self._placeholders.pop(src, None)
        return self.rendered.remove(src) > 0
