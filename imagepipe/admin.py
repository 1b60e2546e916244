"""Changes what a pipeline holds, on behalf of an administrator: store, purge, mark stale, rename. No rendering."""

from collections.abc import Callable
from functools import partial

from imagepipe.codecs.registry import Codecs
from imagepipe.config import ImagesConfig, PipelineConfig
from imagepipe.model import Original
from imagepipe.originals.lookup import Originals, marked_stale
from imagepipe.ports import Clock, Workers
from imagepipe.rendering.footprint import COPIES
from imagepipe.rendering.probe import probe
from imagepipe.tiers.rendered import RenderedTier


class Admin:
    """The hands of one pipeline. `forget_made` drops everything that was made from a picture."""

    def __init__(
        self,
        config: PipelineConfig,
        common: ImagesConfig,
        rendered: RenderedTier,
        originals: Originals,
        workers: Workers,
        codecs: Codecs,
        clock: Clock,
        forget_made: Callable[[str], bool],
    ) -> None:
        self._config = config
        self._common = common
        self._rendered = rendered
        self._originals = originals
        self._workers = workers
        self._codecs = codecs
        self._clock = clock
        self._forget_made = forget_made

    async def put(
        self,
        src: str,
        body: bytes,
        content_type: str,
        etag: str | None,
        last_modified: str | None,
        fresh_seconds: float | None,
        tags: tuple[str, ...],
    ) -> None:
        """Store a picture; `ImageError` if it is none."""
        look = partial(probe, body, limits=self._common.limits, codecs=self._codecs)
        await self._workers.run(look, memory=max(self._workers.small, COPIES * len(body)))
        now = self._clock.now()
        fresh = self._config.bounded_freshness(fresh_seconds)
        self._forget_made(src)
        await self._originals.keep(src, Original(body, content_type, now, now + fresh, etag, last_modified, tags))

    async def purge(self, src: str) -> bool:
        """Forget a picture in every tier; whether it was in any."""
        made = self._forget_made(src)
        return await self._originals.remove(src) or made

    async def purge_all(self, tag: str | None = None) -> int:
        """Forget every picture, or those with that tag; how many."""
        found = set(self._originals.identifiers(tag)) | set(self._rendered.identifiers(tag))
        for src in found:
            await self.purge(src)
        return len(found)

    async def mark_stale(self, src: str) -> bool:
        """Serve what is there as a preview, and load it again when it is next asked for; whether it is there."""
        self._rendered.freshen(src, 0.0)
        original = await self._originals.cached(src)
        if original is not None:
            await self._originals.keep(src, marked_stale(original, self._clock.now()))
        return original is not None or bool(self._rendered.of(src))

    async def rename(self, old: str, new: str) -> bool:
        """The same picture under another identifier, in every tier; whether it was there."""
        original = await self._originals.cached(old)
        self._forget_made(new)
        rendered = bool(self._rendered.of(old))
        self._rendered.rename(old, new)
        if original is not None:
            await self._originals.keep(new, original)
            await self._originals.remove(old)
        self._forget_made(old)
        return original is not None or rendered
