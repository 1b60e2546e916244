"""From a picture's bytes to a result: work for the render workers, within the limits and the memory budget.

Above it `make`, below it the workers and, inside them, `rendering`. Nothing is looked up or kept here.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from typing import Any, TypeVar

from groundwork.histogram import Histogram
from imagepipe.codecs.gif import Gif
from imagepipe.codecs.jpeg import Jpeg
from imagepipe.codecs.png import Png
from imagepipe.codecs.registry import Codecs
from imagepipe.codecs.webp import WebP
from imagepipe.config import PictureLimits
from imagepipe.model import Original, PictureInfo, Rendered, Variant, VariantResult
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.rendering.probe import probe
from imagepipe.variants.turns import Turns
from imagepipe.workers import PLACEHOLDER, PROBE, RENDER, Measured

_IN_PYTHON = (Jpeg, Png, Gif, WebP)
_LOOKED_AT_HERE = 1024 * 1024
"""Bytes. The worst file of that length, nothing but empty blocks, takes some ten milliseconds."""

T = TypeVar("T")


class Renderer:
    """The render workers, with the limits and codecs that hold for all. Clients take turns; "" is our own work."""

    def __init__(self, turns: Turns, limits: PictureLimits, codecs: Codecs) -> None:
        self.limits = limits
        self._turns = turns
        self._codecs = codecs
        self.seconds = {"render": Histogram(), "placeholder": Histogram()}

    async def render(self, body: bytes, wish: Variant, client: str, **options: Any) -> Rendered:
        """The variant. Options as for `render_variant`; raises `ImageError`."""
        with self._timed("render"):
            return await self._run(client, RENDER, body, wish, **options)

    async def placeholder(self, body: bytes, client: str) -> Placeholder:
        """Size, main colour and BlurHash. Raises `ImageError`."""
        with self._timed("placeholder"):
            return await self._run(client, PLACEHOLDER, body)

    async def probe(self, body: bytes) -> PictureInfo:
        """What the header says; `ImageError` where it is no picture within the limits.

        Small ones of our own codecs in Python are looked at here: a trip to a worker takes longer. What opens a decoder
        for it (AVIF), or may take long, is looked at by a worker.
        """
        if len(body) <= _LOOKED_AT_HERE and isinstance(self._codecs.recognise(body), _IN_PYTHON):
            return probe(body, limits=self.limits, codecs=self._codecs)
        return await self._turns.at_once(PROBE, body, limits=self.limits, codecs=self._codecs)

    @contextmanager
    def _timed(self, work: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[work].observe(time.perf_counter() - began)

    async def _run(self, client: str, measured: Measured[T], body: bytes, *args: Any, **options: Any) -> T:
        known = {"limits": self.limits, "codecs": self._codecs}
        return await self._turns.run(client, measured, body, *args, **known, **options)


def from_original(rendered: Rendered, wish: Variant, original: Original) -> VariantResult:
    """The result of a render of the original."""
    assert rendered.original is not None  # a render always says what it was made from
    return VariantResult(
        rendered,
        wish,
        rendered.original,
        _etag(rendered, wish),
        original.stored_at,
        original.stale_at,
        tags=original.tags,
        storage=original.storage,
    )


def from_ancestor(rendered: Rendered, wish: Variant, ancestor: VariantResult) -> VariantResult:
    """The result of a render of another variant: what is said of the original stays as it was."""
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
