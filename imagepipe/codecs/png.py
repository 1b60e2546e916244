"""PNG and APNG. Chunks are walked by their lengths, so that the real number of frames is known beforehand."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from PIL import Image, ImageChops, ImageStat, PngImagePlugin

from imagepipe.codecs import apng
from imagepipe.codecs.blocks import bounded
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.exif import ExifFacts, read_exif, write_copyright
from imagepipe.codecs.pillow import decode_with, save
from imagepipe.codecs.png_colour import (
    GREY_ALPHA,
    PALETTE,
    ColourKey,
    has_code,
    high_bytes,
    read_key,
    read_profile,
    with_key,
)
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture
from imagepipe.model import PictureInfo, turned

MAGIC = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_END = b"\0\0\0\0IEND\xaeB`\x82"
_LEAST_PIXELS = 10
"""Bytes of packed pixels without which there is nothing to show: those of a single pixel."""
_SEEN = 4.0
"""Levels by which colours may be wrong on average before it is seen."""
_MOST_PALETTE = 4_000_000
"""Pixels up to which the colours are counted."""
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_SAID = frozenset({b"eXIf", b"tRNS", b"cICP", b"gAMA", b"cHRM", b"sRGB"})


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and length of each chunk's content, up to the end or the first one that cannot be whole."""
    return bounded(_chunks(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at + 8, length
        at += 12 + length


class Png:
    """The PNG codec. An animation is written as APNG."""

    name = "png"
    content_type = "image/png"
    can_write = True
    has_alpha = True
    can_animate = True
    lossless = True
    max_side = 2**31 - 1

    def recognises(self, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        if data[12:16] != b"IHDR" or len(data) < 33:
            raise BrokenPicture("PNG does not begin with its header chunk")
        width, height = struct.unpack_from(">II", data, 16)
        announced, drawn, seen_pixels, facts, ended = 0, 0, False, ExifFacts(), False
        plain = data[25] in (0, 2)
        for kind, start, length in chunks(data):
            if kind == b"IHDR" and length >= 8 and start + 8 <= len(data):
                # Pillow believes the last one of several.
                again = struct.unpack_from(">II", data, start)
                width, height = max(width, again[0]), max(height, again[1])
                plain = plain and data[start + 9 : start + 10] in (b"\0", b"\2")
            elif kind == b"tRNS":
                plain = False
            elif kind == b"IDAT":
                seen_pixels = True
            elif kind == b"acTL" and not seen_pixels and length == 8:
                announced = struct.unpack_from(">I", data.ljust(start + 4, b"\0"), start)[0]
            elif kind == b"fcTL":
                drawn += 1
            elif kind == b"eXIf":
                facts = read_exif(data[start : start + length])
            ended = ended or kind == b"IEND"
            if drawn > limits.frames:
                break
        frames = max(announced, drawn) if announced else 1
        width, height = turned((width, height), facts.orientation)
        return PictureInfo(
            self.name,
            width,
            height,
            frames,
            orientation=facts.orientation,
            has_location=facts.has_location,
            plain=plain,
            palette=data[25] == PALETTE,
            cut_off=not ended and drawn <= limits.frames,
        )

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        said = _first_chunks(data)
        owner = read_exif(said[b"eXIf"]).copyright if b"eXIf" in said else None
        key = read_key(data[25], data[24], said.get(b"tRNS", b""))
        # Its texts nobody reads, and each may unfold to a megabyte; a colour key too short is none.
        plain = _without(_mended(data), _TEXTS if key is not None or data[25] == PALETTE else (*_TEXTS, b"tRNS"))
        animation = apng.read_animation(plain, chunks(plain)) if b"acTL" in plain else None
        still = _without(plain, _ANIMATION) if animation is not None else plain
        decoded = decode_with(PngImagePlugin.PngImageFile, still, DecodeWish(wish.at_least), owner)
        if decoded.icc is None or has_code(said):
            decoded = replace(decoded, icc=read_profile(said))
        if animation is not None and (wish.animate or animation.hidden):
            moving = _or_still(apng.frames(animation, partial(_in_colours, key)), decoded.frames)
            return replace(decoded, frames=moving if wish.animate else islice(moving, 1), loop=animation.plays)
        if key is not None:
            return replace(decoded, frames=_with_key(decoded.frames, key, plain))
        return replace(decoded, frames=_grey(decoded.frames)) if data[25] == GREY_ALPHA else decoded

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        exif = {"exif": write_copyright(wish.copyright)} if wish.copyright else {}
        if len(frames) > 1:
            exif["loop"] = wish.loop  # type: ignore[assignment]
        few = [_with_palette(frame, wish.colours) for frame in frames] if len(frames) == 1 else frames
        return save(few, "PNG", compress_level=6, **exif)


def _with_key(frames: Iterator[Frame], key: ColourKey, data: bytes) -> Iterator[Frame]:
    for frame in frames:
        yield replace(frame, image=with_key(frame.image, key, data))


def _grey(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Pillow gives grey with alpha as colours where it has 16 bits, to which no grey profile applies."""
    for frame in frames:
        yield replace(frame, image=frame.image.convert("LA"))


def _or_still(moving: Iterator[Frame], still: Iterator[Frame]) -> Iterator[Frame]:
    """The frames of an animation; the still picture where it has none that can be shown."""
    first = next(moving, None)
    if first is None:
        yield from still
        return
    yield first
    yield from moving


def _in_colours(key: ColourKey | None, image: Image.Image, data: bytes) -> Image.Image:
    if key is not None:
        return with_key(image, key, data).convert("RGBA")
    return high_bytes(image).convert("RGBA") if image.mode.startswith("I") else image.convert("RGBA")


def _with_palette(frame: Frame, colours: int) -> Frame:
    """With a palette where that loses nothing; or, with `colours`, of that many: it had one before it was scaled."""
    image = frame.image
    if image.mode == "L" or image.width * image.height > _MOST_PALETTE:
        return frame
    exact = image.getcolors(256) is not None
    if not exact and not colours:
        return frame
    method = Image.Quantize.FASTOCTREE if image.mode == "RGBA" else Image.Quantize.MEDIANCUT
    few = image.quantize(colours or 256, method, dither=Image.Dither.NONE)
    if 0 < colours < 256 and max(ImageStat.Stat(ImageChops.difference(few.convert(image.mode), image)).mean) > _SEEN:
        few = image.quantize(256, method, dither=Image.Dither.NONE)
    if not colours and ImageChops.difference(few.convert(image.mode), image).getbbox(alpha_only=False) is not None:
        return frame  # an octree may put two near colours into one
    return Frame(few, frame.duration)


def _first_chunks(data: bytes) -> dict[bytes, bytes]:
    """The small chunks that say something of the whole picture, each as it stands for the first time."""
    found: dict[bytes, bytes] = {}
    for kind, start, length in chunks(data):
        if kind in _SAID and kind not in found:
            found[kind] = data[start : start + length]
    return found


def _mended(data: bytes) -> bytes:
    """Where the picture is cut off: what came, with an end."""
    at, pixels = 8, 0
    for kind, start, length in chunks(data):
        if start + length + 4 > len(data):
            if kind == b"IDAT":
                pixels += len(data) - start
                part = data[start:]
                data = data[:at] + struct.pack(">I", len(part)) + kind + part + bytes(4)
                at = len(data)
            break
        if kind == b"IEND":
            return data
        pixels += length if kind == b"IDAT" else 0
        at = start + length + 4
    if pixels < _LEAST_PIXELS:
        raise BrokenPicture("PNG that ends before its first pixels")
    return data[:at] + _END


def _without(data: bytes, kinds: tuple[bytes, ...]) -> bytes:
    """The same without the chunks of these kinds."""
    if not any(kind in data for kind in kinds):
        return data
    kept, at = [], 0
    for kind, start, length in chunks(data):
        if kind in kinds:
            kept.append(data[at : start - 8])
            at = start + length + 4
    return b"".join((*kept, data[at:]))
