"""Which cached variant a new one can be made from. Pure.

The smallest that is large enough, if it is quicker to read than an original that is at hand; never a second lossy
generation unless it has at least twice the pixels, because then the averaging hides the first one's traces.
"""

from imagepipe.codecs.quality import quality_of
from imagepipe.model import Variant, VariantResult
from imagepipe.rendering.geometry import lay_out

_LOSSLESS_ENOUGH = 2.0

_NANOSECONDS = {"jpeg": 3, "webp": 21, "png": 28, "avif": 30, "gif": 12, "jp2": 100, "bmp": 6}
"""To decode and reduce one pixel. Measured on photographs; a JPEG is reduced by its decoder."""
_UNKNOWN = 30


def cheapest(cached: list[VariantResult], wanted: Variant) -> VariantResult | None:
    """The cheapest ancestor, or None: then the original is needed."""
    fitting = [each for each in cached if _serves(each, wanted)]
    return min(fitting, key=_pixels, default=None)


def is_quicker(ancestor: VariantResult) -> bool:
    """Whether to decode this variant takes less time than to decode its original, where that is at hand."""
    made, picture = ancestor.rendered, ancestor.original
    return _decode_time(made.format, made.width * made.height) < _decode_time(picture.format, picture.pixels)


def _decode_time(format: str, pixels: int) -> int:
    return pixels * _NANOSECONDS.get(format, _UNKNOWN)


def largest_preview(cached: list[VariantResult], wanted: Variant) -> VariantResult | None:
    """What can be shown at once while the real one is made: the largest that shows the whole picture plainly."""
    plain = [each for each in cached if each.variant.is_plain and not (wanted.filters or wanted.fit == "cover")]
    return max(plain or cached, key=_pixels, default=None)


def _serves(cached: VariantResult, wanted: Variant) -> bool:
    picture, made = cached.original, cached.rendered
    if not cached.variant.is_plain or picture.animated or wanted.keep_copyright or wanted.enlarge:
        return False
    if picture.format != "jpeg" and made.format == "jpeg":
        return False  # alpha may have been lost on the way
    if not made.lossless and _quality(wanted, made.format) > _quality(cached.variant, made.format):
        return False
    needed = _whole_size(cached, wanted)
    if made.width < needed[0] or made.height < needed[1]:
        return False
    return made.lossless or _pixels(cached) >= _LOSSLESS_ENOUGH * needed[0] * needed[1]


def _quality(variant: Variant, format: str) -> int:
    return quality_of(format, variant.quality)


def _whole_size(cached: VariantResult, wanted: Variant) -> tuple[float, float]:
    """How large the whole picture has to be for the wanted crop to have all its pixels."""
    shown = (cached.original.width, cached.original.height)
    geometry = lay_out(shown, wanted)
    left, top, right, bottom = geometry.crop
    return shown[0] * geometry.size[0] / (right - left), shown[1] * geometry.size[1] / (bottom - top)


def _pixels(cached: VariantResult) -> int:
    return cached.rendered.width * cached.rendered.height
