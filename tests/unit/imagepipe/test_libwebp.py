"""Still WebPs by libwebp's still decoder: the same pixels, in less memory."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

import imagepipe
from imagepipe.codecs import libwebp
from imagepipe.codecs.colour_space import SRGB, measured_profile
from tests.unit.imagepipe.pictures import animated, decode, encode, oriented_jpeg, photo, quarters

_SIZE = (403, 301)
_RENDER = """
import resource, sys
import imagepipe
body = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
imagepipe.render(body, width=400)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _picture(mode: str) -> Image.Image:
    image = photo(_SIZE).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(_SIZE))
    return image


@pytest.mark.parametrize("options", [{"quality": 90}, {"lossless": True}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_pixels_are_those_of_the_other_decoder(mode: str, options: dict[str, Any]) -> None:
    data = encode(_picture(mode), "WEBP", **options)
    found = libwebp.decode(data)
    assert libwebp.read_size(data) == found.size == _SIZE
    assert found.mode == mode
    assert ImageChops.difference(found, decode(data).convert(mode)).getbbox(alpha_only=False) is None


@pytest.mark.parametrize("width", [200, 133, 57, 10])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_reduced_one_looks_like_the_whole_one_reduced(mode: str, width: int) -> None:
    data = encode(_picture(mode), "WEBP", quality=95)
    rendered = decode(imagepipe.render(data, width=width, format="png").body).convert("RGBA")
    wanted = decode(data).convert("RGBA").resize(rendered.size, Image.Resampling.LANCZOS)
    under = Image.new("RGBA", rendered.size, "white")
    shown = [Image.alpha_composite(under, each).convert("L") for each in (rendered, wanted)]
    assert max(ImageStat.Stat(ImageChops.difference(*shown)).mean) < 3


def test_turned_cut_and_coloured_ones_are_right() -> None:
    """Orientation and colour profile are read from its chunks."""
    exif = decode(oriented_jpeg(6)).getexif()
    turned = encode(quarters((80, 60)).transpose(Image.Transpose.ROTATE_90), "WEBP", exif=exif.tobytes(), quality=95)
    small = decode(imagepipe.render(turned, width=20, format="png").body).convert("RGB")
    assert small.size == (20, 15)
    corner = small.getpixel((2, 2))
    assert isinstance(corner, tuple)
    assert corner[0] > 200
    linear = encode(
        Image.new("RGB", (60, 60), (55, 55, 55)), "WEBP", quality=95, icc_profile=measured_profile(SRGB, 1.0)
    )
    grey = decode(imagepipe.render(linear, width=20, format="png").body).convert("RGB").getpixel((5, 5))
    assert isinstance(grey, tuple)
    assert abs(grey[0] - 128) < 4


@pytest.mark.parametrize("body", [b"", b"RIFF", b"RIFF\x10\0\0\0WEBPVP8 ", animated("WEBP")])
def test_what_is_no_still_picture_is_an_error(body: bytes) -> None:
    with pytest.raises(OSError, match="libwebp"):
        libwebp.decode(body)


def test_damage_is_an_error_or_a_picture() -> None:
    data = bytearray(encode(photo((90, 70)), "WEBP", quality=80))
    for at in range(12, len(data), 5):
        damaged = bytes(data[:at]) + bytes((data[at] ^ 0x55,)) + bytes(data[at + 1 :])
        try:
            found = imagepipe.render(damaged, width=20)
        except imagepipe.errors.ImageError:
            continue
        assert found.width <= 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kilobytes here, bytes elsewhere")
def test_a_large_picture_takes_little(tmp_path: Path) -> None:
    """24 megapixels, 96 MB as pixels; with the animations' decoder it was 380."""
    path = tmp_path / "large.webp"
    path.write_bytes(
        encode(Image.radial_gradient("L").resize((6000, 4000)).convert("RGB"), "WEBP", quality=80, method=0)
    )
    done = subprocess.run([sys.executable, "-c", _RENDER, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60_000
