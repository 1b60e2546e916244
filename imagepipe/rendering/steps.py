"""READ FIRST of this folder: what happens to each decoded frame, in which order, and why in that order.

Before these steps stand `probe` (refuse what is over a limit) and the codec's decode (which scales as far as it can);
behind them stands the codec's encode. A step is one function `(image, plan) -> image`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from imagepipe.codecs.codec import Codec
from imagepipe.model import Variant, turned
from imagepipe.rendering.attention import attention_point
from imagepipe.rendering.colour import to_srgb
from imagepipe.rendering.filters import apply_filters
from imagepipe.rendering.geometry import Geometry, Size, place, stored_box

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_HIGH_BYTE = [level >> 8 for level in range(65536)]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a step needs to know: the same for every frame of one render."""

    variant: Variant
    geometry: Geometry
    shown: Size
    orientation: int
    icc: bytes | None
    writer: Codec


Step = Callable[[Image.Image, Plan], Image.Image]


def expand(image: Image.Image, plan: Plan) -> Image.Image:
    """Palettes, single bits and 16 bits become modes that can be scaled."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _to_eight_bits(image)
    if image.mode in ("P", "PA", "1", "La", "RGBa", "RGBX") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")
    return image


def _to_eight_bits(image: Image.Image) -> Image.Image:
    # Pillow's own convert("L") clips at 255; the high byte is what is meant.
    return image.convert("I").point(_HIGH_BYTE, "L")


def crop_and_scale(image: Image.Image, plan: Plan) -> Image.Image:
    """Cut and scale in one pass, in stored orientation."""
    stored = turned(plan.shown, plan.orientation)
    target = turned(plan.geometry.size, plan.orientation)
    box = stored_box(_crop(image, plan), plan.shown, plan.orientation)
    across, down = _decoded_scale(image.size, stored)
    left, top, right, bottom = box[0] * across, box[1] * down, box[2] * across, box[3] * down
    cut = (left, top, min(right, image.width), min(bottom, image.height))
    if target == image.size and cut[:2] == (0.0, 0.0) and image.width - cut[2] < 1 and image.height - cut[3] < 1:
        return image
    # Measured (docs/images.md): text and lines keep 1 to 6 points of SSIMULACRA2 more than with the bicubic kernel, for
    # a tenth more time. reducing_gap: at ratios over 4 a box average first, at no visible cost (libvips does so too).
    return image.resize(target, Image.Resampling.LANCZOS, cut, reducing_gap=2.0)


def _decoded_scale(decoded: Size, stored: Size) -> tuple[float, float]:
    """How much smaller the decoder made the picture.

    One that takes each n-th pixel gives ⌈size/n⌉ of them, the last of which shows only a part: 225 rows by 4 are 57,
    which are 56¼. To take them for 57 would stretch the picture.
    """
    whole = max(1, round(stored[0] / decoded[0]))
    if decoded == (-(-stored[0] // whole), -(-stored[1] // whole)):
        return 1 / whole, 1 / whole
    return decoded[0] / stored[0], decoded[1] / stored[1]


def _crop(image: Image.Image, plan: Plan) -> tuple[float, float, float, float]:
    box = plan.geometry.crop
    if plan.variant.gravity != "attention" or plan.variant.fit != "cover":
        return box
    upright = orient(image.reduce(max(1, min(image.size) // 128)), plan)
    cut = (box[2] - box[0], box[3] - box[1])
    share = (cut[0] * upright.width / plan.shown[0], cut[1] * upright.height / plan.shown[1])
    return place(plan.shown, cut, attention_point(upright, share))


def orient(image: Image.Image, plan: Plan) -> Image.Image:
    """Turn the picture as its EXIF says."""
    turn = _TURNS.get(plan.orientation)
    return image if turn is None else image.transpose(turn)


def colours(image: Image.Image, plan: Plan) -> Image.Image:
    """Any colour profile to sRGB, and every mode to one that encoders take."""
    if plan.icc:
        image = to_srgb(image, plan.icc)
    if image.mode == "LA":
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


def filters(image: Image.Image, plan: Plan) -> Image.Image:
    """The variant's own filters."""
    return apply_filters(image, plan.variant.filters) if plan.variant.filters else image


def canvas(image: Image.Image, plan: Plan) -> Image.Image:
    """Lay a contained picture on its canvas; give a format without alpha a background."""
    size = plan.geometry.canvas
    if size is not None and size != image.size:
        image = _centred(image, size, plan)
    if image.mode == "RGBA" and (plan.variant.background or not plan.writer.has_alpha):
        under = Image.new("RGBA", image.size, _background(plan))
        image = Image.alpha_composite(under, image)
    return image.convert("RGB") if image.mode == "RGBA" and not plan.writer.has_alpha else image


def _centred(image: Image.Image, size: Size, plan: Plan) -> Image.Image:
    empty = _background(plan) if plan.variant.background or not plan.writer.has_alpha else (0, 0, 0, 0)
    under = Image.new("RGBA", size, empty)
    under.paste(image.convert("RGBA"), ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return under


def _background(plan: Plan) -> tuple[int, ...]:
    text = (plan.variant.background or "ffffff").ljust(8, "f")
    return tuple(bytes.fromhex(text[:8]))


STEPS: tuple[Step, ...] = (
    expand,  # first: a palette's numbers and clipped 16-bit values cannot be averaged
    crop_and_scale,  # before everything that costs by the pixel; in stored orientation: no large picture is turned
    orient,  # on the small picture
    colours,  # on the small picture: a profile costs 20 ns a pixel; averaging before it is not visible
    filters,  # on sRGB, so that an amount means the same for every camera
    canvas,  # last: filters must not touch the background
)


def run_steps(image: Image.Image, plan: Plan) -> Image.Image:
    """All steps, one after the other."""
    for step in STEPS:
        image = step(image, plan)
    return image
