"""How alike two pictures are: the structural similarity index of Wang, Bovik, Sheikh and Simoncelli (2004).

On luma, in windows of 8×8 pixels, two by two pixels further each time; constants as in the paper. With Pillow alone.
"""

from itertools import product

from PIL import Image, ImageMath

_WINDOW, _STEP = 8, 2
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: Image.Image, other: Image.Image) -> float:
    """1.0 for equal pictures. Both must have the same size, of at least 10 pixels on a side."""
    a, b = (image.convert("L").convert("F") for image in (one, other))
    found = [
        _mean(_map(_shifted(a, left, top), _shifted(b, left, top)))
        for left, top in product(range(0, _WINDOW, _STEP), repeat=2)
        if a.width - left >= _WINDOW and a.height - top >= _WINDOW
    ]
    return sum(found) / len(found)


def _shifted(image: Image.Image, left: int, top: int) -> Image.Image:
    """Cut so that whole windows remain."""
    width, height = (image.width - left) // _WINDOW * _WINDOW, (image.height - top) // _WINDOW * _WINDOW
    return image.crop((left, top, left + width, top + height))


def _map(a: Image.Image, b: Image.Image) -> Image.Image:
    mean_a, mean_b = _windows(a), _windows(b)
    squares_a, squares_b, products = _windows(_times(a, a)), _windows(_times(b, b)), _windows(_times(a, b))
    made: Image.Image = ImageMath.lambda_eval(
        lambda given: (
            (2 * given["a"] * given["b"] + _C1)
            * (2 * (given["ab"] - given["a"] * given["b"]) + _C2)
            / (
                (given["a"] * given["a"] + given["b"] * given["b"] + _C1)
                * (given["aa"] - given["a"] * given["a"] + given["bb"] - given["b"] * given["b"] + _C2)
            )
        ),
        a=mean_a,
        b=mean_b,
        aa=squares_a,
        bb=squares_b,
        ab=products,
    )
    return made


def _times(a: Image.Image, b: Image.Image) -> Image.Image:
    made: Image.Image = ImageMath.lambda_eval(lambda given: given["a"] * given["b"], a=a, b=b)
    return made


def _windows(image: Image.Image) -> Image.Image:
    """The mean of each window."""
    return image.resize((image.width // _WINDOW, image.height // _WINDOW), Image.Resampling.BOX)


def _mean(image: Image.Image) -> float:
    return float(image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) or 0.0)  # type: ignore[arg-type]
