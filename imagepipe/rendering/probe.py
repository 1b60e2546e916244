"""Looks at a picture without decoding it, and refuses what is over a limit. Every render begins here."""

from dataclasses import replace

from imagepipe.codecs.codec import Codec
from imagepipe.codecs.registry import Codecs, installed
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture, ImageError, PictureTooLarge, UnsupportedFormat
from imagepipe.model import PictureInfo
from imagepipe.rendering.decode import decoding

_DEFAULT = PictureLimits()


def probe(data: bytes, *, limits: PictureLimits = _DEFAULT, codecs: Codecs | None = None) -> PictureInfo:
    """What the header of the picture `data` says: format, size as shown, frames. Decodes nothing.

    `limits` and `codecs` are the default ones, unless given. Raises `ImageError` and nothing else.
    """
    return examine(data, limits, codecs or installed())[1]


def examine(data: bytes, limits: PictureLimits, codecs: Codecs) -> tuple[Codec, PictureInfo]:
    """The codec for these bytes and what it found. Raises `ImageError` for what is beyond the limits."""
    if len(data) > limits.bytes:
        raise PictureTooLarge(f"{len(data)} bytes; at most {limits.bytes}")
    codec = codecs.recognise(data)
    if limits.formats and codec.name not in limits.formats:
        raise UnsupportedFormat(f"{codec.name} is not on the list of formats: {', '.join(limits.formats)}")
    with decoding(codec.name):
        info = codec.inspect(data, limits)
    problem = _beyond(info, limits)
    if problem is not None and info.animated:
        info = replace(info, frames=1, part_pixels=0, first_frame_only=True)
        problem = _beyond(info, limits)
    if problem is not None:
        raise problem
    return codec, info


def _beyond(info: PictureInfo, limits: PictureLimits) -> ImageError | None:
    if info.width < 1 or info.height < 1:
        return BrokenPicture(f"{info.format}: {info.width}×{info.height} has no pixels")
    caps = (
        ("pixels", info.pixels, limits.pixels),
        ("frames", info.frames, limits.frames),
        ("pixels of an animation", info.pixels if info.animated else 0, limits.animated_pixels),
        ("pixels in all frames", max(info.pixels * info.frames, info.part_pixels), limits.total_pixels),
        ("scans", info.scans, limits.scans),
        ("pixels in all scans", info.pixels * info.scans, limits.scan_pixels),
    )
    for what, found, most in caps:
        if found > most:
            return PictureTooLarge(f"{info.format}: {found} {what}; at most {most}")
    return None
