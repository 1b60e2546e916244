"""Never more bytes than the source without a reason: the picture as it came where nothing was to be changed, a small
palette picture as a palette PNG, a lower quality where the writing made it larger.

Reasons are: a format that was asked for by name, a quality that was asked for, and more pixels than the source has.
"""

from dataclasses import dataclass, replace

from imagepipe.codecs.codec import Codec, EncodeWish, Frame
from imagepipe.codecs.quality import LEAST_QUALITY, quality_of
from imagepipe.codecs.registry import Codecs
from imagepipe.codecs.stripping import stripped
from imagepipe.model import PictureInfo
from imagepipe.rendering.steps import Plan

_LOWER = 15
"""How much lower a quality is tried first; then the least one."""
_COLOURS = (64, 16)
"""Of a palette, in the order in which they are tried: what is scaled has blends of colours, few of which are seen."""
_WORTH = 1.05
"""A picture as it came may be so many times larger than one that is written anew, and has lost something again."""
_SMALL = 1_000_000  # pixels; a larger picture with a palette is a photograph, or is not worth the second encoding


@dataclass(frozen=True, slots=True)
class Source:
    """What a picture is made from: its bytes, the codec that reads them, and what their header says.

    `srgb`: its colours need no conversion.
    """

    data: bytes
    codec: Codec
    info: PictureInfo
    srgb: bool = True


Written = tuple[Codec, bytes]


def write(source: Source, plan: Plan, frames: list[Frame], wish: EncodeWish, codecs: Codecs) -> Written:
    """The smallest of what may be sent, and the codec that reads it."""
    best = plan.writer, plan.writer.encode(frames, wish)
    as_palette = _as_palette(source, plan, frames, codecs)
    if as_palette is not None:
        best = min(best, as_palette, key=_size)
    came = _as_it_came(source, plan, animated=len(frames) > 1)
    if came is not None and _size(came) <= _WORTH * _size(best):
        return came
    most = len(source.data)
    if _size(best) <= most or plan.variant.quality is not None or _has_more_pixels(source, frames):
        return best
    return _lowered(best, most, source.info.palette, frames, wish)


def _size(written: Written) -> int:
    return len(written[1])


def _as_it_came(source: Source, plan: Plan, *, animated: bool) -> Written | None:
    info = source.info
    if (
        not source.srgb
        or not _is_unchanged(info, plan)
        or info.animated != animated
        or not _is_taken(source.codec, plan)
    ):
        return None
    if info.format == "png" and not info.palette and b"tRNS" in source.data:
        return None  # a colour key, of which many programs see nothing
    data = stripped(source.info.format, source.data)
    return None if data is None else (source.codec, data)


def _is_unchanged(info: PictureInfo, plan: Plan) -> bool:
    """Whether the variant shows the very pixels of its source."""
    variant, geometry = plan.variant, plan.geometry
    whole = geometry.size == plan.shown and geometry.canvas in (None, plan.shown)
    whole = whole and geometry.crop == (0.0, 0.0, float(plan.shown[0]), float(plan.shown[1]))
    looks = variant.filters or variant.background or variant.keep_copyright
    return whole and not looks and info.orientation == 1 and not info.cut_off


def _is_taken(codec: Codec, plan: Plan) -> bool:
    """Whether the source's own format is one that may be answered."""
    if plan.variant.format != "auto":
        return codec.name == plan.writer.name
    return codec.name in plan.variant.accepted or codec.name == plan.writer.name


def _as_palette(source: Source, plan: Plan, frames: list[Frame], codecs: Codecs) -> Written | None:
    """A PNG with a palette of what had one, for whoever leaves the format to us and takes PNG."""
    accepted = plan.variant.accepted
    chosen = plan.variant.format == "auto" and (not accepted or "png" in accepted)
    size = frames[0].image.size
    if not source.info.palette or not chosen or len(frames) > 1 or size[0] * size[1] > _SMALL:
        return None
    if plan.writer.name == "png":
        return None  # it is one already
    writer = codecs.writer("png")
    return writer, writer.encode(frames, EncodeWish(colours=256))


def _has_more_pixels(source: Source, frames: list[Frame]) -> bool:
    size = frames[0].image.size
    return size[0] * size[1] > source.info.pixels


def _lowered(best: Written, most: int, palette: bool, frames: list[Frame], wish: EncodeWish) -> Written:
    """With less quality or fewer colours: the first that has no more than `most` bytes, or else the smallest."""
    writer, body = best
    for lower in _lower_wishes(writer.name, palette, wish):
        body = min(body, writer.encode(frames, lower), key=len)
        if len(body) <= most:
            break
    return writer, body


def _lower_wishes(format: str, palette: bool, wish: EncodeWish) -> list[EncodeWish]:
    if format in LEAST_QUALITY:
        least = LEAST_QUALITY[format]
        return [replace(wish, quality=quality) for quality in (quality_of(format, None) - _LOWER, least)]
    return [replace(wish, colours=colours) for colours in _COLOURS] if palette and format in ("png", "gif") else []
