"""Makes variants: finds the cheapest thing to make one from, has it rendered, keeps it. Used by the pipeline alone."""

from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Any, TypeVar

from imagepipe.codecs.registry import Codecs
from imagepipe.config import ImagesConfig, PipelineConfig
from imagepipe.errors import ImageError
from imagepipe.events import Events
from imagepipe.isolation.budgeted import PLACEHOLDER, RENDER, Measured
from imagepipe.model import Original, Rendered, Variant
from imagepipe.originals.lookup import Originals
from imagepipe.originals.requester import OURSELVES, Requester
from imagepipe.ports import Clock
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.tiers.rendered import Finished, RenderedTier
from imagepipe.tracing import Trace
from imagepipe.variants.ancestor import cheapest
from imagepipe.variants.idle import IdleWork
from imagepipe.variants.turns import Turns

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A variant and how it was come by. `preview`: a smaller, an older or an unfinished picture; ask again."""

    finished: Finished
    where: str
    trace: Trace
    preview: bool = False

    @property
    def rendered(self) -> Rendered:
        return self.finished.rendered


class Maker:
    """The variants of one pipeline, from its originals to its rendered tier."""

    def __init__(
        self,
        config: PipelineConfig,
        common: ImagesConfig,
        rendered: RenderedTier,
        originals: Originals,
        turns: Turns,
        idle: IdleWork,
        codecs: Codecs,
        clock: Clock,
        events: Events,
    ) -> None:
        self._config = config
        self._common = common
        self._rendered = rendered
        self._originals = originals
        self._turns = turns
        self._idle = idle
        self._codecs = codecs
        self._clock = clock
        self._events = events

    async def make(self, src: str, wish: Variant, requester: Requester = OURSELVES) -> Answer:
        """The variant, from the cheapest cached ancestor or from the original, wherever that is."""
        trace = Trace(self._clock)
        trace.add("rendered:miss")
        ancestor = cheapest(self._rendered.of(src), wish)
        if ancestor is None:
            found = await self._originals.find(src, self._clock.now() + self._common.request_seconds, requester)
            for missed in found.missed:
                trace.note(missed)
            trace.add(found.where)
            rendered = await self._render(src, wish, found.original.body, requester.client)
            return self._answer(src, wish, finish(rendered, wish, found.original), found.where, trace)
        trace.add("ancestor:hit")
        rendered = await self._render(src, wish, ancestor.rendered.body, requester.client)
        return self._answer(src, wish, _from_ancestor(rendered, wish, ancestor), "ancestor", trace)

    async def from_original(
        self, src: str, wish: Variant, original: Original, where: str, requester: Requester = OURSELVES
    ) -> Answer:
        """The variant from bytes that are here."""
        rendered = await self._render(src, wish, original.body, requester.client)
        return self._answer(src, wish, finish(rendered, wish, original), where, Trace(self._clock))

    def _answer(self, src: str, wish: Variant, finished: Finished, where: str, trace: Trace) -> Answer:
        trace.add("render")
        self._keep(src, wish, finished)
        self._events.counts[where.split(":")[0]] += 1
        self._events.tell("finished", src, where)
        return Answer(finished, where, trace)

    async def early(self, wish: Variant, prefix: bytes, requester: Requester) -> Finished:
        """A preview from the beginning of a picture. Not kept."""
        now = self._clock.now()
        rendered = await self._run(requester.client, RENDER, prefix, wish)
        return finish(rendered, wish, Original(prefix, "image/jpeg", now, now))

    async def placeholder(self, body: bytes, requester: Requester) -> Placeholder:
        """The facts of a picture."""
        return await self._run(requester.client, PLACEHOLDER, body)

    def make_progressive_later(self, src: str, wish: Variant, finished: Finished) -> None:
        """A baseline JPEG that is asked for again is worth the slower encoding that shows earlier."""
        made = finished.rendered
        large = made.format == "jpeg" and len(made.body) > self._config.progressive_bytes
        if self._config.progressive == "idle" and large and not finished.reworked:
            self._rendered.put(src, wish.key, replace(finished, reworked=True), self._clock.now())
            self._idle.add(f"{src}\n{wish.key}", partial(self._rework, src, wish))

    async def _render(self, src: str, wish: Variant, body: bytes, client: str) -> Rendered:
        self._events.counts["renders"] += 1
        at_once = self._config.progressive == "at_once"
        slow = self._config.avif_at_once_pixels
        try:
            return await self._run(client, RENDER, body, wish, progressive=at_once, slow_pixels=slow)
        except ImageError as error:
            self._events.problem(src, f"{error.code}: {error}")
            raise

    async def _run(self, client: str, measured: Measured[T], body: bytes, *args: Any, **options: Any) -> T:
        known = {"limits": self._common.limits, "codecs": self._codecs}
        return await self._turns.run(client, measured, body, *args, **known, **options)

    def _keep(self, src: str, wish: Variant, finished: Finished) -> None:
        if not self._rendered.put(src, wish.key, finished, self._clock.now()) and self._rendered.lru.on:
            self._events.problem(src, "too_large_for_rendered_tier")
        for problem in finished.rendered.problems:
            self._events.problem(src, problem)
        width = wish.pixels(wish.width)
        if width is not None and width > finished.original.width and not wish.enlarge:
            self._events.problem(src, f"asked_larger_than_original: {width} of {finished.original.width}")
        if finished.rendered.postponed is not None:
            self._idle.add(f"{src}\n{wish.key}", partial(self._rework, src, wish))

    async def _rework(self, src: str, wish: Variant) -> None:
        """The better encoding of a variant that was answered quickly; it takes the quick one's place."""
        original = await self._originals.cached(src)
        if original is None:
            return
        rendered = await self._run(OURSELVES.client, RENDER, original.body, wish, progressive=True)
        self._events.counts["reworked"] += 1
        finished = replace(finish(rendered, wish, original), reworked=True)
        self._rendered.put(src, wish.key, finished, self._clock.now())


def finish(rendered: Rendered, wish: Variant, original: Original) -> Finished:
    """What the rendered tier keeps of a variant made from its original."""
    assert rendered.original is not None  # a render always says what it was made from
    return Finished(
        rendered,
        wish,
        rendered.original,
        _etag(rendered, wish),
        original.stored_at,
        original.stale_at,
        tags=original.tags,
    )


def _from_ancestor(rendered: Rendered, wish: Variant, ancestor: Finished) -> Finished:
    return replace(
        ancestor,
        rendered=replace(rendered, original=ancestor.original),
        variant=wish,
        etag=_etag(rendered, wish),
        reworked=False,
    )


def _etag(rendered: Rendered, wish: Variant) -> str:
    """Strong: of the bytes themselves and the variant, because the same variant may be encoded better later."""
    return f'"{blake2b(rendered.body, digest_size=12, person=b"imagepipe", key=wish.key.encode()[:64]).hexdigest()}"'
