"""READ FIRST: a named pipeline, from a wish for a variant to its bytes.

    rendered tier ─► preview, if asked ─► cheapest cached ancestor ─► original (`originals.lookup.LOOK_UP`) ─► render
    └───────────────────────── variants/make.py ─────────────────┘    └──── originals/ ────┘    └ variants/render.py ┘

This file checks the address, says what the client's wish means, and reloads what is stale; the rest is asked of
`variants/` and `originals/`. Above it the registry and the HTTP service; in the worker threads or processes below,
`rendering/` and `codecs/`. Every way out is a `VariantResult`, which says where it was found, or an `ImageError`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from groundwork.single_flight import SingleFlight
from imagepipe.admin import Admin
from imagepipe.background import Background
from imagepipe.config import PipelineConfig
from imagepipe.errors import ImageError
from imagepipe.events import Events
from imagepipe.model import Original, Storage, Variant, VariantResult
from imagepipe.originals.freshness import fresh_seconds, storage
from imagepipe.originals.load import OURSELVES, Requester
from imagepipe.originals.lookup import Originals, is_gone
from imagepipe.originals.source_rules import check_source, normal_source
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.variants.make import Variants
from imagepipe.variants.negotiation import resolve
from imagepipe.variants.query import parse_variant, read_query

_FALLBACK = "fallback"  # no address, so that no picture can take its place
_WARM_ACCEPT = "image/avif,image/webp"  # as most browsers ask


@dataclass(frozen=True, slots=True)
class FromOrigin:
    """What a picture's own server said of it: its validators, for how many seconds it is fresh, and who may keep it."""

    etag: str | None = None
    last_modified: str | None = None
    fresh_seconds: float | None = None
    storage: Storage = "anybody"

    @classmethod
    def of(cls, header: Callable[[str], str | None], now: float) -> "FromOrigin":
        """From its answer: `header` gives the value of the header of that name."""
        kept_for = header("cache-control")
        fresh = fresh_seconds(kept_for, header("expires"), now, header("age"))
        return cls(header("etag"), header("last-modified"), fresh, storage(kept_for))


class Pipeline:
    """One named pipeline. `admin` changes what it holds; the inspector looks at `variants`, `originals`, `events`."""

    def __init__(
        self,
        config: PipelineConfig,
        originals: Originals,
        variants: Variants,
        admin: Admin,
        events: Events,
        background: Background,
    ) -> None:
        self.config = config
        self.originals = originals
        self.variants = variants
        self.admin = admin
        self.events = events
        self._background = background
        self._reloads: SingleFlight[str, None] = SingleFlight()

    async def variant(
        self,
        src: str,
        variant: Variant,
        *,
        accept: str = "",
        preview: bool = False,
        save_data: bool = False,
        requester: Requester = OURSELVES,
    ) -> VariantResult:
        """The picture at `src` as `variant`. Raises `ImageError`. Cancelled, it disturbs nobody else."""
        src = check_source(src, self.config.allow_hosts)
        wish = resolve(variant, accept, save_data, self.config.quality)
        found = self.cached(src, wish, requester=requester)
        if found is None and preview:
            found = await self.variants.preview(src, wish, requester.client)
            if found is not None:
                self._background.start(src, self.variants.make(src, wish, requester))
        if found is None:
            found = await self._renewed(src, wish, requester)
        if found is not None:
            return found
        made = await self.variants.make(src, wish, requester)
        if self.variants.tier.is_stale(made):
            self._reload_later(src, requester)
        return made

    def cached(
        self, src: str, wish: Variant, key: str | None = None, requester: Requester = OURSELVES
    ) -> VariantResult | None:
        """The variant from the rendered tier alone, if it is there. A stale one is given, and loaded again behind it;
        one beyond `stale_while_revalidate` is not.

        `key` is the wish's own, for a caller that has it at hand.
        """
        found = self.variants.cached(src, wish, key)
        if found is None or not self.variants.tier.is_stale(found):
            return found
        if self.events.clock.now() - found.stale_at > self.config.stale_while_revalidate:
            return None
        self._reload_later(src, requester)
        return found

    async def placeholder(self, src: str, requester: Requester = OURSELVES) -> Placeholder:
        """Size, main colour and BlurHash of the picture at `src`."""
        return await self.variants.placeholder(check_source(src, self.config.allow_hosts), requester)

    async def put(
        self,
        src: str,
        body: bytes,
        content_type: str = "",
        *,
        origin: FromOrigin | None = None,
        tags: tuple[str, ...] = (),
    ) -> None:
        """Store a picture that was had elsewhere, in memory and on disk; refused with `ImageError` if it is none.

        What its origin lets nobody keep is not kept, and what was kept of it before is forgotten."""
        src, now, origin = normal_source(src), self.events.clock.now(), origin or FromOrigin()
        stale_at = now + self.config.bounded_freshness(origin.fresh_seconds)
        found = Original(body, content_type, now, stale_at, origin.etag, origin.last_modified, tags)
        kept_by: Storage = "anybody" if self.config.store_private else origin.storage
        await self.admin.put(src, replace(found, storage=kept_by))
        if kept_by == "anybody":
            self.warm(src)

    async def measure(self, src: str, body: bytes) -> Placeholder:
        """Size, main colour and BlurHash of a picture whose bytes are here, whether they are kept or not."""
        return await self.variants.measure(normal_source(src), body)

    def warm(self, src: str, queries: Sequence[str] | None = None) -> int:
        """Make these variants, or the configured ones, in a quiet moment; how many. Raises `InvalidVariant`."""
        src = check_source(src, self.config.allow_hosts)
        wanted = self.config.warm_up if queries is None else queries
        variants = [parse_variant(read_query(query), self.config.presets) for query in wanted]
        for variant in variants:
            self.variants.make_later(src, resolve(variant, _WARM_ACCEPT, False, self.config.quality))
        return len(variants)

    async def fallback(
        self, variant: Variant, accept: str, save_data: bool, requester: Requester = OURSELVES
    ) -> VariantResult | None:
        """The picture that stands in where there is none, as that variant; None where none is configured."""
        if self.config.fallback is None:
            return None
        wish = resolve(variant, accept, save_data, self.config.quality)
        found = self.variants.cached(_FALLBACK, wish)
        if found is not None:
            return found
        now = self.events.clock.now()
        picture = Original(self.config.fallback, "", now, float("inf"), trail=(_FALLBACK,))
        return await self.variants.make_from(_FALLBACK, wish, picture, requester.client)

    async def settle(self) -> None:
        """Wait for everything begun in the background."""
        await self._background.settle()
        await self.originals.loader.partials.close()

    async def _renewed(self, src: str, wish: Variant, requester: Requester) -> VariantResult | None:
        """A variant that is too old to be answered unasked: the same, after its origin was asked. None where there is
        none, or the picture changed. Where the origin is in trouble, the old one (`stale_if_error`)."""
        kept = self.variants.cached(src, wish)
        if kept is None:
            return None
        try:
            await self._reloads.run(requester.flight(src), lambda: self._reload(src, requester))
        except ImageError as error:
            if not self.originals.stands_in(error, kept.stale_at):
                raise
            self.events.count("stale")
            return kept
        return self.variants.cached(src, wish)

    def _reload_later(self, src: str, requester: Requester) -> None:
        if src not in self._reloads and self.originals.may_ask(src):
            self._background.start(src, self._reloads.run(src, lambda: self._reload(src, requester)))

    async def _reload(self, src: str, requester: Requester) -> None:
        try:
            original, changed = await self.originals.reload(src, requester)
        except ImageError as error:
            if is_gone(error):
                self.variants.forget(src)
            raise
        self.events.count("reloaded")
        if changed:
            self.variants.forget(src)
        else:
            self.variants.tier.freshen(src, original.stale_at)
