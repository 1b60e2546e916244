"""Changes what a pipeline holds, on behalf of an administrator: store, purge, mark stale, rename. No rendering."""

from dataclasses import replace

from groundwork.clock import Clock
from imagepipe.model import Original
from imagepipe.originals.store import OriginalStore
from imagepipe.variants.make import Variants
from imagepipe.variants.render import Renderer


class Admin:
    """The administration of one pipeline: its originals and what was made from them."""

    def __init__(self, originals: OriginalStore, variants: Variants, renderer: Renderer, clock: Clock) -> None:
        self._originals = originals
        self._variants = variants
        self._renderer = renderer
        self._clock = clock

    async def put(self, src: str, original: Original) -> None:
        """Store a picture; `ImageError` if it is none."""
        await self._renderer.probe(original.body)
        self._originals.purges.purge(src, self._clock.now())  # it wins over what is being loaded
        self._variants.originals.forget(src)
        self._variants.forget(src)
        await self._originals.keep(src, original)

    async def purge(self, src: str) -> bool:
        """Forget a picture in every tier, and what is being loaded or made of it; whether it was in any tier."""
        made = self._variants.forget(src)
        self._variants.originals.forget(src)
        return await self._originals.remove(src) or made

    async def purge_all(self, tag: str | None = None) -> int:
        """Forget every picture, or those with that tag; how many."""
        found = {*self._originals.identifiers(tag), *self._variants.tier.identifiers(tag)}
        if tag is None:
            self._originals.purges.purge_all(self._clock.now())
            self._variants.originals.forget_all()
            self._variants.forget_all()
        for src in found:
            await self.purge(src)
        return len(found)

    def identifiers(self) -> set[str]:
        """Every picture of which anything is in a tier."""
        return {*self._originals.identifiers(), *self._variants.tier.identifiers()}

    async def mark_stale(self, src: str) -> bool:
        """Serve what is there, and load it again when it is next asked for; whether it is there."""
        self._originals.negative.forget(src)
        self._variants.tier.freshen(src, self._clock.now())
        original = await self._originals.get(src)
        if original is not None:
            stale_at = min(original.stale_at, self._clock.now())
            await self._originals.keep(src, replace(original, stale_at=stale_at))
        return original is not None or self._variants.tier.has(src)

    async def rename(self, old: str, new: str) -> bool:
        """The same picture under another identifier, in every tier; whether it was there."""
        original = await self._originals.get(old)
        self._originals.purges.purge(new, self._clock.now())
        self._variants.originals.forget(new)
        self._variants.forget(new)
        rendered = self._variants.tier.has(old)
        self._variants.tier.rename(old, new)
        if original is not None:
            await self._originals.keep(new, original)
            await self._originals.remove(old)
        self._variants.forget(old)
        return original is not None or rendered
