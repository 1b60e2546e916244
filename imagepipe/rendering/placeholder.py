"""What can be shown before a picture is there: its size, its main colour, a BlurHash and a ThumbHash of some thirty
characters each."""

from dataclasses import dataclass
from functools import partial

from blurhash_rs import blurhash_encode
from PIL import Image

from imagepipe.codecs.codec import DecodeWish
from imagepipe.codecs.registry import Codecs, installed
from imagepipe.config import PictureLimits
from imagepipe.model import PictureInfo, Variant
from imagepipe.rendering.decode import decode_as_inspected, decoding
from imagepipe.rendering.footprint import Work, decoded_size, peak_bytes
from imagepipe.rendering.geometry import lay_out
from imagepipe.rendering.probe import examine
from imagepipe.rendering.steps import Plan, run_steps
from imagepipe.rendering.thumbhash import thumbhash

_SIDE = 64
# A ThumbHash has at most seven waves along a side.
_HASHED_SIDE = 32
_DEFAULT = PictureLimits()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Facts of a picture for the page that will show it. `colour` is `#rrggbb`."""

    info: PictureInfo
    content_type: str
    length: int
    colour: str
    blurhash: str
    thumbhash: str = ""


def describe(data: bytes, *, limits: PictureLimits = _DEFAULT, codecs: Codecs | None = None) -> Placeholder:
    """The placeholder of a picture. Blocking, about a thumbnail's cost; raises `ImageError`."""
    known = codecs or installed()
    codec, info = examine(data, limits, known)
    variant = Variant(width=_SIDE, height=_SIDE)
    shown = (info.width, info.height)
    geometry = lay_out(shown, variant)
    plan = partial(Plan, variant, geometry, shown, info.orientation)
    with decoding(codec.name):
        decoded = decode_as_inspected(codec, data, DecodeWish(at_least=(_SIDE, _SIDE)), info)
        small = run_steps(next(decoded.frames).image, plan(decoded.icc, codec))
        opaque = _opaque(small)
        blurred = blurhash_encode(opaque)
        small.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
        return Placeholder(
            info, codec.content_type, len(data), _main_colour(opaque), blurred, thumbhash(small.convert("RGBA"))
        )


def describe_bytes(data: bytes, *, limits: PictureLimits = _DEFAULT, codecs: Codecs | None = None) -> int:
    """How many bytes `describe` takes at most. Decodes nothing; raises what that one raises before it decodes."""
    _, info = examine(data, limits, codecs or installed())
    return peak_bytes(len(data), info, Work(decoded_size(info, (_SIDE, _SIDE)), (_SIDE, _SIDE)), None)


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image).convert("RGB")


def _main_colour(image: Image.Image) -> str:
    """The most frequent of eight colours that stand for the picture: a mean would be a brown that is nowhere in it."""
    few = image.quantize(8, method=Image.Quantize.MEDIANCUT)
    counts = few.histogram()
    most = counts.index(max(counts))
    palette = few.getpalette() or [0, 0, 0]
    red, green, blue = palette[3 * most : 3 * most + 3]
    return f"#{red:02x}{green:02x}{blue:02x}"
