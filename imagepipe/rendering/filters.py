"""The filters a variant may name: each is one function on one frame, with its range of amounts.

They work on the small picture, after colours are sRGB. Alpha is left as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from imagepipe.errors import InvalidVariant
from imagepipe.model import Filter

MAX_FILTERS = 4
"""In one variant, each once: every filter walks the whole picture."""


@dataclass(frozen=True, slots=True)
class FilterRule:
    """A filter's range, what it does when no amount is given, and the function."""

    low: float
    high: float
    default: float
    apply: Callable[[Image.Image, float], Image.Image]


def _sepia(image: Image.Image, amount: float) -> Image.Image:
    toned = ImageOps.colorize(image.convert("L"), (0, 0, 0), (255, 238, 205), mid=(140, 112, 78))
    return Image.blend(image, toned, amount)


def _vignette(image: Image.Image, amount: float) -> Image.Image:
    mask = Image.radial_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
    dark = mask.point([255 - round(amount * max(0, level - 96) * 255 / 159) for level in range(256)])
    return ImageChops.multiply(image, Image.merge("RGB", (dark, dark, dark)))


def _auto_enhance(image: Image.Image, amount: float) -> Image.Image:
    stretched = ImageOps.autocontrast(image, cutoff=0.5, preserve_tone=True)
    return Image.blend(image, ImageEnhance.Color(stretched).enhance(1.1), amount)


FILTERS: dict[str, FilterRule] = {
    "blur": FilterRule(0.1, 50, 2, lambda image, amount: image.filter(ImageFilter.GaussianBlur(amount))),
    "sharpen": FilterRule(
        0.1, 5, 1, lambda image, amount: image.filter(ImageFilter.UnsharpMask(1, round(amount * 80), 2))
    ),
    "grayscale": FilterRule(0, 1, 1, lambda image, amount: ImageEnhance.Color(image).enhance(1 - amount)),
    "sepia": FilterRule(0, 1, 1, _sepia),
    "saturation": FilterRule(0, 4, 1.3, lambda image, amount: ImageEnhance.Color(image).enhance(amount)),
    "brightness": FilterRule(0, 4, 1.1, lambda image, amount: ImageEnhance.Brightness(image).enhance(amount)),
    "contrast": FilterRule(0, 4, 1.1, lambda image, amount: ImageEnhance.Contrast(image).enhance(amount)),
    "vignette": FilterRule(0, 1, 0.6, _vignette),
    "auto-enhance": FilterRule(0, 1, 1, _auto_enhance),
}


def parse_filters(text: str) -> tuple[Filter, ...]:
    """`blur:4,grayscale` as filters in that order; `InvalidVariant` says what is known and allowed."""
    filters = tuple(_parse_one(part.strip()) for part in text.split(",", MAX_FILTERS) if part.strip())
    check_filters(filters)
    return filters


def check_filters(filters: tuple[Filter, ...]) -> None:
    """`InvalidVariant` where there are too many, one stands twice, or an amount is out of its range."""
    names = [each.name for each in filters]
    if len(names) > MAX_FILTERS or len(set(names)) < len(names):
        raise InvalidVariant(f"filters: at most {MAX_FILTERS}, each once")
    for each in filters:
        rule = _rule(each.name)
        if not rule.low <= each.amount <= rule.high:
            raise InvalidVariant(f"filter {each.name}: from {rule.low} to {rule.high}; got {each.amount}")


def _parse_one(text: str) -> Filter:
    if "," in text:  # what is left of a list that is too long
        raise InvalidVariant(f"filters: at most {MAX_FILTERS}, each once")
    name, _, amount = text.partition(":")
    rule = _rule(name)
    try:
        return Filter(name, float(amount) if amount else rule.default)
    except ValueError as error:
        raise InvalidVariant(f"filter {name}: a number from {rule.low} to {rule.high}; got {amount!r}") from error


def _rule(name: str) -> FilterRule:
    rule = FILTERS.get(name)
    if rule is None:
        raise InvalidVariant(f"filter {name!r} is unknown; known: {', '.join(FILTERS)}")
    return rule


def apply_filters(image: Image.Image, filters: tuple[Filter, ...]) -> Image.Image:
    """All of them, in order, on RGB; alpha is put back afterwards."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    done = image.convert("RGB")
    for wanted in filters:
        done = FILTERS[wanted.name].apply(done, wanted.amount)
    if alpha is not None:
        done.putalpha(alpha)
    return done
