"""One render: probe → decode → steps → encode. Blocking and thread-safe; Pillow lets go of the interpreter lock.

Raises `ImageError` and nothing else, whatever the bytes are.
"""

import math
from dataclasses import dataclass, replace
from typing import get_args

from imagepipe.codecs.codec import Codec, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.quality import quality_of
from imagepipe.codecs.registry import Codecs, installed
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture, InvalidVariant, PictureTooLarge
from imagepipe.model import Filter, Fit, PictureInfo, Quality, Rendered, Variant, turned
from imagepipe.rendering.colour import is_srgb
from imagepipe.rendering.decode import decode_as_inspected, decoding, encoding
from imagepipe.rendering.filters import check_filters
from imagepipe.rendering.footprint import Work, decoded_size, peak_bytes
from imagepipe.rendering.geometry import Geometry, Size, focus, lay_out
from imagepipe.rendering.probe import examine
from imagepipe.rendering.smallest import Source, write
from imagepipe.rendering.steps import Plan, run_steps

HEADROOM = 1.5
"""What a decoder scales itself (JPEG, JPEG 2000) is blurred: so many times too large, and reduced from there, text is
as sharp as from full size."""

CUT_OFF = "cut_off"
"""The problem of a picture that ends too early: what is there is shown."""

FIRST_FRAME = "first_frame_only"
"""The problem of an animation beyond a limit."""

_DEFAULT = PictureLimits()


@dataclass(frozen=True, slots=True)
class _Choice:
    """What decides on the format beside the variant and the picture. See `render_variant`."""

    slow_pixels: int | None
    original: PictureInfo | None


def render(
    data: bytes,
    *,
    width: int | None = None,
    height: int | None = None,
    fit: Fit = "inside",
    format: str = "auto",
    quality: Quality | None = None,
    dpr: float = 1.0,
    gravity: str = "center",
    background: str | None = None,
    enlarge: bool = False,
    animate: bool = True,
    keep_copyright: bool = False,
    filters: tuple[Filter, ...] = (),
    progressive: bool = False,
    limits: PictureLimits = _DEFAULT,
    codecs: Codecs | None = None,
) -> Rendered:
    """A variant of the picture in `data`.

    `width` and `height` are pixels before `dpr` (device pixel ratio) multiplies them; without them the picture keeps
    its size, and it is only made larger with `enlarge`. `fit` says how it fills the box, `gravity` what a crop keeps in
    sight, `background` (`#rrggbb`) what stands behind transparent parts. `format` names a codec; `auto` keeps the
    format if it can be written and shown everywhere. `quality` is 1 to 100, None for the codec's default; `progressive`
    matters to JPEG. `animate` keeps all frames, `keep_copyright` that one text of the metadata. `filters` are applied
    in order. `limits` and `codecs` are the default ones, unless given.

    Blocking, and safe to call from several threads. Raises `imagepipe.errors.ImageError` and nothing else.
    """
    variant = Variant(
        width, height, fit, format, quality, dpr, gravity, background, enlarge, animate, keep_copyright, filters
    )
    return render_variant(data, variant, progressive=progressive, limits=limits, codecs=codecs)


def render_variant(
    data: bytes,
    variant: Variant,
    *,
    progressive: bool = False,
    slow_pixels: int | None = None,
    original: PictureInfo | None = None,
    limits: PictureLimits = _DEFAULT,
    codecs: Codecs | None = None,
) -> Rendered:
    """The same with the wishes in one value, as the pipeline keeps them.

    Above `slow_pixels`, `auto` postpones AVIF. `original`: what `data` was itself made from, which decides for `auto`.
    """
    choice = _Choice(slow_pixels, original)
    known = codecs or installed()
    reader, info, plan, animate, postponed = _prepare(data, variant, choice, limits, known)
    frames, facts = _frames(data, reader, info, plan, animate)
    owner = facts.copyright if variant.keep_copyright else None
    quality = None if variant.quality is None else quality_of(plan.writer.name, variant.quality)
    wish = EncodeWish(quality, progressive, owner, facts.loop, 256 if info.palette else 0)
    with encoding(plan.writer.name):
        writer, body = write(Source(data, reader, info, facts.srgb), plan, frames, wish, known)
    return Rendered(
        body,
        writer.content_type,
        *frames[0].image.size,
        format=writer.name,
        lossless=writer.lossless,
        animated=len(frames) > 1,
        problems=_problems(info),
        original=info,
        postponed=postponed,
    )


def _problems(info: PictureInfo) -> tuple[str, ...]:
    known = (("location_found", info.has_location), (CUT_OFF, info.cut_off), (FIRST_FRAME, info.first_frame_only))
    return tuple(name for name, found in known if found)


def render_bytes(
    data: bytes,
    variant: Variant,
    *,
    progressive: bool = False,
    slow_pixels: int | None = None,
    original: PictureInfo | None = None,
    limits: PictureLimits = _DEFAULT,
    codecs: Codecs | None = None,
) -> int:
    """How many bytes `render_variant` takes at most with the same arguments. Decodes nothing; raises what that one
    raises before it decodes."""
    choice = _Choice(slow_pixels, original)
    _, info, plan, animate, _ = _prepare(data, variant, choice, limits, codecs or installed())
    size = plan.geometry.canvas or plan.geometry.size
    work = Work(decoded_size(info, _at_least(plan)), size, info.frames if animate else 1)
    return peak_bytes(len(data), info, work, plan.writer)


def _prepare(
    data: bytes, variant: Variant, choice: _Choice, limits: PictureLimits, codecs: Codecs
) -> tuple[Codec, PictureInfo, Plan, bool, str | None]:
    """Everything that is decided before the first pixel is decoded."""
    check_variant(variant)
    reader, info = examine(data, limits, codecs)
    geometry = lay_out((info.width, info.height), variant)
    name, postponed = _choose(variant, choice.original or info, geometry, choice.slow_pixels, codecs)
    writer = codecs.writer(name)
    animate = info.animated and variant.animate and writer.can_animate
    walks = 1 + len(variant.filters)  # each filter walks all pixels once more
    size = geometry.canvas or geometry.size
    if animate and size[0] * size[1] * info.frames * walks > limits.output_pixels:
        animate, info = False, replace(info, frames=1, first_frame_only=True)
    _check_output(size, walks, limits, writer)
    plan = Plan(variant, geometry, (info.width, info.height), info.orientation, None, writer)
    return reader, info, plan, animate, postponed


def check_variant(variant: Variant) -> None:
    """`InvalidVariant` for what no picture can be rendered as."""
    for name, side in (("width", variant.width), ("height", variant.height)):
        if side is not None and side < 1:
            raise InvalidVariant(f"{name}: at least 1 pixel; got {side}")
    if variant.fit not in get_args(Fit):
        raise InvalidVariant(f"fit: {', '.join(get_args(Fit))}; got {variant.fit!r}")
    if isinstance(variant.quality, int) and not 1 <= variant.quality <= 100:
        raise InvalidVariant(f"quality: 1 to 100, or fine; got {variant.quality}")
    if not (math.isfinite(variant.dpr) and 0.1 <= variant.dpr <= 8):
        raise InvalidVariant(f"dpr: 0.1 to 8; got {variant.dpr}")
    focus(variant.gravity)
    check_filters(variant.filters)
    _check_background(variant.background)


def _check_background(text: str | None) -> None:
    if text is None:
        return
    try:
        fine = len(bytes.fromhex(text)) in (3, 4) and len(text) in (6, 8)
    except ValueError:
        fine = False
    if not fine:
        raise InvalidVariant(f"background: rrggbb or rrggbbaa in hexadecimal; got {text!r}")


def _choose(
    variant: Variant, info: PictureInfo, geometry: Geometry, slow_pixels: int | None, codecs: Codecs
) -> tuple[str, str | None]:
    """The format to write, and the better one that is postponed."""
    if variant.format != "auto":
        return variant.format, None
    pixels, longest = geometry.size[0] * geometry.size[1], max(geometry.canvas or geometry.size)
    fitting = [name for name in codecs.writable if longest <= codecs.writer(name).max_side]
    ranked = [name for name in automatic_formats(info, variant.accepted) if name in fitting] or ["png"]
    if len(ranked) > 1 and ranked[0] == "avif" and slow_pixels is not None and pixels > slow_pixels:
        return ranked[1], ranked[0]
    return ranked[0], None


def _check_output(size: Size, walks: int, limits: PictureLimits, writer: Codec) -> None:
    if max(size) > writer.max_side:
        raise PictureTooLarge(f"{size[0]}×{size[1]} to write; {writer.name} holds at most {writer.max_side} on a side")
    pixels = size[0] * size[1] * walks
    if pixels > limits.output_pixels:
        raise PictureTooLarge(f"{pixels} pixels to write, for all filters; at most {limits.output_pixels}")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What belongs to a decoded picture as a whole. `srgb`: its colours needed no conversion."""

    loop: int
    copyright: str | None
    srgb: bool


def _frames(data: bytes, reader: Codec, info: PictureInfo, plan: Plan, animate: bool) -> tuple[list[Frame], _Facts]:
    with decoding(reader.name):
        decoded = decode_as_inspected(reader, data, DecodeWish(_at_least(plan), animate), info)
        whole, modes, frames = replace(plan, icc=decoded.icc), set(), []
        for frame in decoded.frames:
            modes.add(frame.image.mode)
            frames.append(Frame(run_steps(frame.image, whole), frame.duration))
        srgb = all(is_srgb(decoded.icc, "RGB" if mode[0] == "P" else mode) for mode in modes)
    if not frames:
        raise BrokenPicture(f"{reader.name}: no frame inside")
    return frames, _Facts(decoded.loop, decoded.copyright, srgb)


def _at_least(plan: Plan) -> Size:
    """How large the decoder must leave the whole picture, for the crop to have all pixels that are wanted, and more."""
    left, top, right, bottom = plan.geometry.crop
    width = plan.shown[0] * plan.geometry.size[0] / max(right - left, 1.0)
    height = plan.shown[1] * plan.geometry.size[1] / max(bottom - top, 1.0)
    wanted = [
        min(shown, math.ceil(side * HEADROOM - 1e-6)) if side < shown else shown
        for side, shown in zip((width, height), plan.shown, strict=True)
    ]
    return turned((max(1, wanted[0]), max(1, wanted[1])), plan.orientation)


_BY_PICTURE = {"jpeg": "jpeg", "png": "png", "gif": "gif", "webp": "webp", "avif": "webp", "jp2": "webp"}
_ANIMATED = ("webp", "gif", "png")  # AVIF would be smaller still, but takes seconds to write
_STILL = ("avif", "webp")


def automatic_formats(info: PictureInfo, accepted: tuple[str, ...]) -> list[str]:
    """The formats that fit the picture and are accepted, the best first; never empty.

    With nothing accepted (a caller in Python) the picture's own format is kept if every browser shows it.
    """
    own = _BY_PICTURE.get(info.format, "png")
    if not accepted:
        return [own]
    best = _ANIMATED if info.animated else tuple(name for name in accepted if name in _STILL)
    without_loss = own in ("png", "webp") and not info.opaque
    baseline = ("png", "jpeg", "gif") if without_loss else ("jpeg", "png", "gif")
    ranked = [name for name in (*best, own, *baseline) if name in accepted]
    return list(dict.fromkeys(ranked)) or [own]
