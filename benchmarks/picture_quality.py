"""Bytes and likeness of variants by format and quality, and beside libvips: the table of docs/images.md.

    python -m benchmarks.picture_quality [--width 680] [--width 320]

Likeness is against a Lanczos reduction from full size: SSIM on luma, and SSIMULACRA2, which follows what people see (90:
no difference, 70: good, 50: fair). Pictures: photographs from SPIDERDUCK_CORPORA, and a screenshot with text, a drawing
and line art that are drawn here. Needs `ssimulacra2`, `pyvips` and `pyvips-binary` (bench only).
"""

import argparse
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyvips
from PIL import Image, ImageDraw, ImageFont
from ssimulacra2 import compute_ssimulacra2

import imagepipe
from imagepipe.codecs.quality import DEFAULT_QUALITY, FINE_QUALITY
from tests.corpora import CORPORA
from tests.unit.imagepipe.similarity import ssim

_PHOTOGRAPHS = ("exif/Landscape_1.jpg", "sample/flower.jpg", "sample/icc_profile_big.jpg")
_WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "dog",
    "while",
    "status",
    "code",
    "pipeline",
    "returns",
    "bytes",
    "cache",
    "origin",
    "header",
]
_QUALITIES = {"jpeg": (75, 78, 82, 85, 92), "webp": (70, 75, 80, 85, 89), "avif": (50, 57, 63, 68, 80)}
_PEER: dict[str, Callable[[pyvips.Image], bytes]] = {
    "jpeg": lambda image: image.jpegsave_buffer(Q=DEFAULT_QUALITY["jpeg"], subsample_mode="on"),
    "webp": lambda image: image.webpsave_buffer(Q=DEFAULT_QUALITY["webp"], effort=2),
    "avif": lambda image: image.heifsave_buffer(Q=DEFAULT_QUALITY["avif"], compression="av1", effort=1),
}


class Likeness(NamedTuple):
    """Of one variant."""

    size: int
    ssim: float
    ssimulacra2: float


def screenshot() -> Image.Image:
    """A page of text with a navigation and some buttons."""
    image, dice = Image.new("RGB", (1600, 1200), (250, 250, 252)), random.Random(1)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1600, 64), fill=(36, 41, 47))
    draw.rectangle((0, 64, 260, 1200), fill=(240, 242, 245))
    for line in range(40):
        font = ImageFont.load_default(size=18 + (line % 4 == 0) * 10)
        text = " ".join(dice.choice(_WORDS) for _ in range(14))
        draw.text((290, 90 + line * 27), text, fill=(30, 30, 35) if line % 5 else (9, 105, 218), font=font)
    for button in range(5):
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        draw.rounded_rectangle((1300, 120 + button * 180, 1560, 260 + button * 180), 12, fill=colour)
    return image


def drawing() -> Image.Image:
    """Flat shapes with outlines."""
    image, dice = Image.new("RGB", (3200, 2400), (135, 206, 235)), random.Random(2)
    draw = ImageDraw.Draw(image)
    for number in range(60):
        x, y, side = dice.randrange(3200), dice.randrange(2400), dice.randrange(60, 700)
        shape = draw.ellipse if number % 2 else draw.rectangle
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        shape((x, y, x + side, y + side * 0.7), fill=colour, outline=(20, 20, 20), width=8)
    return image.resize((1600, 1200), Image.Resampling.LANCZOS)


def line_art() -> Image.Image:
    """Thin strokes on white."""
    image, dice = Image.new("RGB", (3200, 2400), "white"), random.Random(3)
    draw = ImageDraw.Draw(image)
    for _ in range(220):
        points = [(dice.randrange(3200), dice.randrange(2400)) for _ in range(3)]
        draw.line(points, fill=(0, 0, 0), width=dice.choice((3, 5, 8)))
    return image.resize((1600, 1200), Image.Resampling.LANCZOS)


def sources() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each picture."""
    for name in _PHOTOGRAPHS:
        path = CORPORA / "images" / name
        if path.is_file():
            yield path.stem, path.read_bytes()
    for name, draw in (("screenshot", screenshot), ("drawing", drawing), ("line art", line_art)):
        out = io.BytesIO()
        draw().save(out, "PNG")
        yield name, out.getvalue()


def likeness(body: bytes, full: Image.Image) -> Likeness:
    """How like the full picture, reduced, some variant of it is."""
    shown = Image.open(io.BytesIO(body)).convert("RGB")
    wanted = full.resize(shown.size, Image.Resampling.LANCZOS)
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one.png", Path(folder) / "other.png"
        wanted.save(one, compress_level=1)
        shown.save(other, compress_level=1)
        seen = float(compute_ssimulacra2(str(one), str(other)))
    return Likeness(len(body), ssim(wanted, shown), seen)


def _print(label: str, rows: list[tuple[str, Likeness]], seconds: float) -> None:
    cells = " ".join(f"{name}: {row.size:,} {row.ssim:.3f} {row.ssimulacra2:.0f};" for name, row in rows)
    print(f"{label:16}{sum(row.size for _, row in rows):>10,} bytes{seconds * 1000:8.0f} ms  {cells}")


def compare(width: int, pictures: list[tuple[str, bytes]]) -> None:
    """Print a line for each format and quality, and one of libvips at our default."""
    full = {
        name: Image.open(io.BytesIO(imagepipe.render(data, format="png").body)).convert("RGB")
        for name, data in pictures
    }
    wide = [(name, data) for name, data in pictures if full[name].width > width]
    for format, qualities in _QUALITIES.items():
        for quality in qualities:
            began = time.process_time()
            bodies = [imagepipe.render(data, width=width, format=format, quality=quality).body for _, data in wide]
            seconds = time.process_time() - began
            rows = [(name, likeness(body, full[name])) for (name, _), body in zip(wide, bodies, strict=True)]
            mark = {DEFAULT_QUALITY[format]: " default", FINE_QUALITY[format]: " fine"}.get(quality, "")
            _print(f"{format} {quality}{mark}", rows, seconds)
        began = time.process_time()
        bodies = [_PEER[format](pyvips.Image.thumbnail_buffer(data, width)) for _, data in wide]
        seconds = time.process_time() - began
        rows = [(name, likeness(body, full[name])) for (name, _), body in zip(wide, bodies, strict=True)]
        _print(f"{format} libvips", rows, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, action="append")
    pictures = list(sources())
    for width in parser.parse_args().width or (680, 320):
        print(f"{width} pixels wide")
        compare(width, pictures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
