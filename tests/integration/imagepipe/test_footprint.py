"""The estimate of a render's memory against its measured peak, each in a process of its own."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from imagepipe.model import Variant
from imagepipe.rendering.render import render_bytes
from tests.unit.imagepipe.pictures import encode, quarters

_SIZE = (2600, 2000)
_MEASURE = """
import resource, sys
from imagepipe.model import Variant
from imagepipe.rendering.render import render_variant
from tests.unit.imagepipe.pictures import encode, quarters
data = open(sys.argv[1], "rb").read()
variant = Variant(width=int(sys.argv[3]) or None, format=sys.argv[2])
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
render_variant(encode(quarters(), "PNG"), Variant(format=sys.argv[2]))
before = peak()
render_variant(data, variant)
print(peak() - before)
"""


def _animation(format: str) -> bytes:
    frames = [quarters((400, 300)).rotate(18 * turn) for turn in range(12)]
    return encode(frames[0], format, save_all=True, append_images=frames[1:], duration=80)


def _large_avif(subsampling: str, mode: str) -> bytes:
    """Enough frames that the decoder keeps as many as it can."""
    frames = [quarters((1400, 1000), mode).rotate(turn) for turn in range(10)]
    return encode(
        frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10, subsampling=subsampling, quality=30
    )


def _picture(name: str) -> bytes:
    plain, clear = quarters(_SIZE), quarters(_SIZE, "RGBA")
    made = {
        "webp": lambda: encode(clear, "WEBP", lossless=True, method=0),
        "png": lambda: encode(clear, "PNG", compress_level=1),
        "png palette": lambda: encode(plain.quantize(16), "PNG", compress_level=1, transparency=1),
        "png plain": lambda: encode(plain, "PNG", compress_level=1),
        "jpeg progressive": lambda: encode(plain, "JPEG", progressive=True, subsampling=0),
        "jpeg": lambda: encode(plain, "JPEG"),
        "gif": lambda: encode(plain, "GIF"),
        "avif": lambda: encode(plain, "AVIF", speed=10),
        "jp2": lambda: encode(plain, "JPEG2000", num_resolutions=1),
        "gif animated": lambda: _animation("GIF"),
        "webp animated": lambda: _animation("WEBP"),
        "png animated": lambda: _animation("PNG"),
        "avif animated": lambda: _large_avif("4:2:0", "RGB"),
        "avif animated 4:4:4": lambda: _large_avif("4:4:4", "RGB"),
        "avif animated clear": lambda: _large_avif("4:2:0", "RGBA"),
    }
    return made[name]()


@pytest.mark.parametrize(
    ("name", "format", "width"),
    [
        ("webp", "jpeg", 600),
        ("png", "jpeg", 600),
        ("png palette", "webp", 600),
        ("png plain", "jpeg", 600),
        ("jpeg progressive", "webp", 600),
        ("jpeg", "jpeg", 0),
        ("gif", "png", 600),
        ("avif", "jpeg", 600),
        ("jp2", "jpeg", 600),
        ("png", "webp", 0),
        ("gif animated", "webp", 0),
        ("webp animated", "gif", 0),
        ("png animated", "png", 0),
        ("avif animated", "jpeg", 300),
        ("avif animated 4:4:4", "webp", 300),
        ("avif animated clear", "webp", 300),
    ],
)
def test_a_render_takes_no_more_than_is_said(tmp_path: Path, name: str, format: str, width: int) -> None:
    """The estimate is above the peak of the process."""
    data = _picture(name)
    file = tmp_path / "picture"
    file.write_bytes(data)
    command = [sys.executable, "-c", _MEASURE, str(file), format, str(width)]
    measured = int(subprocess.run(command, check=True, capture_output=True).stdout)
    assert measured <= render_bytes(data, Variant(width=width or None, format=format))


def test_a_scaled_decode_counts_as_small() -> None:
    """Eleven megapixels of JPEG for a card take a fraction of their pixels."""
    data = encode(Image.new("RGB", (4000, 2800)), "JPEG")
    assert render_bytes(data, Variant(width=400, format="jpeg")) < 4000 * 2800 * 2


def test_each_frame_of_an_animation_takes_memory() -> None:
    """Twelve frames take more than one."""
    data = _animation("GIF")
    still = render_bytes(data, Variant(format="webp", animate=False))
    assert render_bytes(data, Variant(format="webp")) > still + 11 * 400 * 300 * 4


def test_a_part_larger_than_its_picture_counts() -> None:
    """A screen of one pixel with a second frame of nine megapixels."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frames = [b"\x2c" + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x44\x01\x00" for side in (1, 3000)]
    data = head + b"".join(frames) + b";"
    assert render_bytes(data, Variant(format="webp")) > 3000 * 3000 * 5
