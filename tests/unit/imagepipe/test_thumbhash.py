"""ThumbHashes are those of the reference implementation (evanw.github.io/thumbhash), of which these were made."""

from collections.abc import Callable

import pytest
from PIL import Image

from imagepipe.rendering.placeholder import describe
from imagepipe.rendering.thumbhash import thumbhash
from tests.unit.imagepipe.pictures import encode


def picture(width: int, height: int, alpha: Callable[[int, int], int]) -> Image.Image:
    pixels = (
        value
        for y in range(height)
        for x in range(width)
        for value in ((x * x * 7 + y * 13) % 256, (y * y * 9 + x * 5) % 256, (x * y * 3 + x) % 256, alpha(x, y))
    )
    return Image.frombytes("RGBA", (width, height), bytes(pixels))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (picture(32, 24, lambda x, y: 255), "XQgGFYRAVGVUWIZRVDaUY/2t3FUJ"),
        (picture(20, 30, lambda x, y: (x * 37 + y * y * 3) % 256 if x > 6 else 0), "HgiCCwQlp7DKOVd3eJ/EBkCod4h3iHc"),
        (Image.new("RGBA", (1, 1), (10, 200, 30, 255)), "VIoon14I9wiIh4hwj3CI+AiIgIAI94cP"),
        (picture(7, 7, lambda x, y: 0), "AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_of_a_wide_a_transparent_a_tiny_and_an_invisible_picture(image: Image.Image, expected: str) -> None:
    assert thumbhash(image) == expected


def test_a_placeholder_has_one_beside_its_blurhash() -> None:
    found = describe(encode(picture(90, 60, lambda x, y: 255).convert("RGB"), "PNG"))
    assert (len(found.blurhash) > 10, 20 < len(found.thumbhash) < 40) == (True, True)
