"""How good the pictures are: by structural similarity with a Lanczos reduction from full size, which nothing hurried.

0.97 is kept by what is served as `fine`, and 0.95 by what is served by default: by scaling (which takes shortcuts: the
decoder's own scaling, box averages) and by each lossy encoder together.
"""

import io

import pytest
from PIL import Image, ImageCms, ImageOps

import imagepipe
from imagepipe.model import Quality
from tests.corpora import CORPORA
from tests.unit.imagepipe.pictures import decode, encode, photo
from tests.unit.imagepipe.similarity import ssim

_ROOT = CORPORA / "images"
_REAL = [
    *("exif/Landscape_1.jpg", "exif/Landscape_6.jpg", "sample/flower.jpg", "sample/flower2.jpg", "sample/flower.webp"),
    *("sample/hopper.png", "sample/hopper.avif", "sample/hopper.gif", "sample/icc_profile_big.jpg", "sample/chi.gif"),
]
_WIDTHS = (680, 360, 301, 200, 97, 64, 48)
_LEAST = 0.97
_LEAST_BY_DEFAULT = 0.95
_LOSSY = ("jpeg", "webp", "avif")


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


def _shown(data: bytes, width: int, format: str, quality: Quality | None = None) -> Image.Image:
    rendered = imagepipe.render(data, width=width, format=format, animate=False, quality=quality)
    return decode(rendered.body).convert("RGB")


@pytest.mark.parametrize("quality", [None, "fine"])
@pytest.mark.parametrize("format", ["png", *_LOSSY])
@pytest.mark.parametrize("name", _REAL)
def test_real_pictures_are_served_well(name: str, format: str, quality: Quality | None) -> None:
    """At every width, also where the decoder's own scaling does not divide the size."""
    if not (_ROOT / name).is_file():
        pytest.skip(f"no {_ROOT / name}; set SPIDERDUCK_CORPORA")
    data = (_ROOT / name).read_bytes()
    full = _full(data)
    for width in (each for each in _WIDTHS if each < full.width):
        shown = _shown(data, width, format, quality)
        least = _LEAST_BY_DEFAULT if quality is None and format in _LOSSY else _LEAST
        assert ssim(shown, full.resize(shown.size, Image.Resampling.LANCZOS)) >= least, f"{width} pixels wide"


@pytest.mark.parametrize("size", [(1201, 799), (643, 427)])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "JPEG2000"])
def test_odd_sizes_are_not_shifted(size: tuple[int, int], source: str) -> None:
    """Where the size is no multiple of the decoder's factor, a picture must not be stretched by part of a pixel."""
    smooth = photo((size[0] // 8, size[1] // 8)).resize(size, Image.Resampling.BICUBIC)
    data = encode(smooth, source, **({"quality": 95} if source in ("JPEG", "WEBP") else {}))
    full = _full(data)
    for width in (size[0] // 2 - 7, size[0] // 4 - 3, size[0] // 8 - 1):
        for format in ("png", *_LOSSY):
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
