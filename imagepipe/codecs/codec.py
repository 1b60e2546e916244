"""What a codec is: it recognises, inspects, decodes and encodes one format. Above it: the registry; below: Pillow.

A codec may raise anything on bad bytes; `imagepipe.rendering` translates it. `inspect` must be cheap and safe on every
input: it reads the structure only, never pixels, and stops at the limits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from imagepipe.config import PictureLimits
from imagepipe.model import PictureInfo


@dataclass(slots=True)
class Frame:
    """One full picture of an animation, everything before it already drawn. `duration` in milliseconds."""

    image: Image.Image
    duration: int = 0


@dataclass(frozen=True, slots=True)
class DecodeWish:
    """What the rest of the render needs, so that a decoder can leave work out.

    `at_least`: a size, in stored orientation, below which the frames must not be scaled; None = full size.
    """

    at_least: tuple[int, int] | None = None
    animate: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """Frames in stored orientation, to be read once and in order, with what belongs to the picture as a whole.

    `loop` is how often an animation is played, 0 = for ever. `size` is what the opened decoder believes before it
    scales or decodes anything, to be compared with what `inspect` found; None = it cannot tell before.
    """

    frames: Iterator[Frame]
    icc: bytes | None = None
    copyright: str | None = None
    loop: int = 0
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class EncodeWish:
    """How to write. `quality` is 1 to 100, None = the codec's own default; `copyright` is the one text that is kept.

    `colours`: of a palette, which is enough because what it is made from had one; 0 = as many as there are.
    """

    quality: int | None = None
    progressive: bool = False
    copyright: str | None = None
    loop: int = 0
    colours: int = 0


class Codec(Protocol):
    """One format. `name` is what `format=` says; a codec registered under a built-in's name replaces it."""

    name: str
    content_type: str
    can_write: bool
    has_alpha: bool
    can_animate: bool
    lossless: bool
    max_side: int
    """Longest side that the format can hold."""

    def recognises(self, head: bytes) -> bool:
        """Whether bytes that begin like these (at least 64, if there are as many) are of this format."""

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        """What the header and the block structure say. Stops counting frames and scans beyond the limits.

        Raises `BrokenPicture`, or anything else on bad bytes."""

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        """Open; frames are decoded while they are iterated. Called only after `inspect` passed the limits.

        Raises `BrokenPicture`, or anything else on bad bytes.
        """

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        """Write one or, if `can_animate`, many frames of one size, in the modes L, RGB or RGBA.

        Raises `UnsupportedFormat` where `can_write` is false."""
