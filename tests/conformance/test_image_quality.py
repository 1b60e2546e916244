"""How good the pictures are: by structural similarity with a Lanczos reduction from full size, which nothing hurried.

Scaling alone must keep 0.97 (it takes shortcuts: the decoder's own scaling, box averages, a shorter kernel). What a
lossy encoder takes on top at its default quality is its own affair (0.03 to 0.06 on these photographs, also for the
Lanczos reduction itself), so there the two are compared: ours may be at most 0.025 below.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageOps

import imagepipe
from tests.unit.imagepipe.pictures import decode, encode, photo
from tests.unit.imagepipe.similarity import ssim

_ROOT = Path(os.environ.get("SPIDERDUCK_CORPORA", Path(__file__).parents[2] / "../shared/corpora")) / "images"
_REAL = [
    *("exif/Landscape_1.jpg", "exif/Landscape_6.jpg", "sample/flower.jpg", "sample/flower2.jpg", "sample/flower.webp"),
    *("sample/hopper.png", "sample/hopper.avif", "sample/hopper.gif", "sample/icc_profile_big.jpg", "sample/chi.gif"),
]
_WIDTHS = (680, 360, 301, 200, 97, 64, 48)
_LEAST, _MOST_BELOW = 0.97, 0.025
_SAME: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda image: encode(image, "JPEG", quality=80),
    "webp": lambda image: encode(image, "WEBP", quality=75, method=2),
    "avif": lambda image: encode(image, "AVIF", quality=60, speed=8),
}


def _full(data: bytes) -> Image.Image:
    """Upright, in sRGB, opaque."""
    opened = ImageOps.exif_transpose(decode(data))
    profile = opened.info.get("icc_profile")
    image = opened.convert("RGB")
    if profile:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"))
        assert converted is not None
        return converted
    return image


def _shown(data: bytes, width: int, format: str) -> Image.Image:
    return decode(imagepipe.render(data, width=width, format=format, animate=False).body).convert("RGB")


@pytest.mark.parametrize("name", _REAL)
def test_real_pictures_are_scaled_well(name: str) -> None:
    """At every width, also where the decoder's own scaling does not divide the size."""
    if not (_ROOT / name).is_file():
        pytest.skip(f"no {_ROOT / name}; set SPIDERDUCK_CORPORA")
    data = (_ROOT / name).read_bytes()
    full = _full(data)
    for width in (each for each in _WIDTHS if each < full.width):
        shown = _shown(data, width, "png")
        reference = full.resize(shown.size, Image.Resampling.LANCZOS)
        assert ssim(shown, reference) >= _LEAST, f"{width} pixels wide"
        if width in (680, 360, 64):
            _check_lossy(data, width, reference)


def _check_lossy(data: bytes, width: int, reference: Image.Image) -> None:
    for format, same in _SAME.items():
        least = ssim(decode(same(reference)).convert("RGB"), reference) - _MOST_BELOW
        assert ssim(_shown(data, width, format), reference) >= least, f"{format}, {width} pixels wide"


@pytest.mark.parametrize("size", [(1201, 799), (643, 427)])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "JPEG2000"])
def test_odd_sizes_are_not_shifted(size: tuple[int, int], source: str) -> None:
    """Where the size is no multiple of the decoder's factor, a picture must not be stretched by part of a pixel."""
    smooth = photo((size[0] // 8, size[1] // 8)).resize(size, Image.Resampling.BICUBIC)
    data = encode(smooth, source, **({"quality": 95} if source in ("JPEG", "WEBP") else {}))
    full = _full(data)
    for width in (size[0] // 2 - 7, size[0] // 4 - 3, size[0] // 8 - 1):
        for format in ("png", *_SAME):
            shown = _shown(data, width, format)
            reference = full.resize(shown.size, Image.Resampling.LANCZOS)
            least = _LEAST if format == "png" else _LEAST - 0.08  # noise is what encoders take away first
            assert ssim(shown, reference) >= least, f"{format}, {width} pixels wide"


def test_the_measure_itself() -> None:
    """One for the same, less for a blurred, a shifted and another picture."""
    picture = photo((120, 90))
    assert ssim(picture, picture) == pytest.approx(1)
    shifted = picture.transform(picture.size, Image.Transform.AFFINE, (1, 0, 2, 0, 1, 0))
    assert ssim(picture, shifted) < 0.9
    assert ssim(picture, picture.resize((12, 9)).resize(picture.size)) < 0.9
    assert ssim(picture, Image.new("RGB", picture.size)) < 0.5
