"""Makes broken pictures from good ones and shows that each ends as a picture or an `ImageError`, soon and small.

    python -m tests.chaos.imagepipe.broken_pictures --seconds 600 [--seed 1]

The mutations: flipped bits, changed bytes, numbers at their limits, cut ends, parts taken out, doubled or moved, and
the head of one picture on the tail of another. What fails is written to a folder and named with its seed.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from imagepipe.config import PictureLimits
from imagepipe.errors import ImageError
from imagepipe.model import Variant
from imagepipe.rendering.placeholder import describe
from imagepipe.rendering.render import render_variant
from tests.corpora import CORPORA
from tests.unit.imagepipe.pictures import animated, encode, ico_with, photo, quarters

LIMITS = PictureLimits(pixels=2_000_000, animated_pixels=1_000_000, total_pixels=8_000_000, frames=100)
MOST_SECONDS = 2.0
MOST_BYTES = 160 * 1024 * 1024
"""Two million pixels decoded, turned and scaled are some 30 MiB; libaom takes 112 for a picture 65,320 pixels wide."""

_VARIANTS = (
    Variant(width=48, format="jpeg"),
    Variant(width=64, format="webp"),
    Variant(width=40, height=40, fit="cover", gravity="attention", format="png"),
    Variant(width=32, format="gif"),
    Variant(height=30, format="avif"),
    Variant(width=50, height=50, fit="contain", format="jp2"),
)
_NUMBERS = (b"\0", b"\xff", b"\0\0", b"\xff\xff", b"\0\0\0\1", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\0\0\0")
_WORDS = (
    *(b"\xff\xd8", b"\xff\xda", b"\xff\xc2", b"\xff\x4f\xff\x51", b"\x2c", b"\x21\xf9\x04"),
    *(b"IHDR", b"acTL", b"fcTL", b"fdAT", b"ANMF", b"VP8X", b"ispe", b"iloc"),
)

Mutation = Callable[[random.Random, bytearray, list[bytes]], bytearray]


def _flip(rng: random.Random, data: bytearray, _: list[bytes]) -> bytearray:
    for _count in range(rng.choice((1, 1, 3, 20))):
        data[_place(rng, data)] ^= 1 << rng.randrange(8)
    return data


def _write(rng: random.Random, data: bytearray, _: list[bytes]) -> bytearray:
    word = rng.choice(rng.choice((_NUMBERS, _WORDS)))
    word = word[::-1] if rng.random() < 0.3 else word
    at = _place(rng, data)
    data[at : at + len(word)] = word
    return data


def _cut(rng: random.Random, data: bytearray, _: list[bytes]) -> bytearray:
    return data[: _place(rng, data)]


def _take_out(rng: random.Random, data: bytearray, _: list[bytes]) -> bytearray:
    at = _place(rng, data)
    del data[at : at + rng.choice((1, 4, 12, 200))]
    return data


def _double(rng: random.Random, data: bytearray, _: list[bytes]) -> bytearray:
    at = _place(rng, data)
    part = data[at : at + rng.choice((4, 26, 300))]
    return data[:at] + part * rng.choice((2, 3, 50)) + data[at:]


def _splice(rng: random.Random, data: bytearray, seeds: list[bytes]) -> bytearray:
    other = rng.choice(seeds)
    return data[: _place(rng, data)] + other[rng.randrange(len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (_flip, _flip, _write, _write, _cut, _take_out, _double, _splice)


def _place(rng: random.Random, data: bytearray) -> int:
    """More often in the first part, where the structure is."""
    end = max(1, len(data))
    return rng.randrange(min(end, 400)) if rng.random() < 0.6 else rng.randrange(end)


def seeds(corpora: Path | None) -> list[bytes]:
    """Good pictures of every format, and real ones where there is a corpus."""
    still = quarters((40, 30))
    bitmap = encode(still, "BMP")
    made = [
        *(encode(still, name) for name in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "JPEG2000", "TIFF")),
        *(animated(name) for name in ("GIF", "PNG", "WEBP", "AVIF")),
        encode(photo((200, 150)), "JPEG", progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
        encode(quarters((40, 30), "P"), "PNG"),
        encode(quarters((40, 30), "CMYK"), "JPEG"),
        encode(quarters((40, 30), "RGBA"), "WEBP", lossless=True),
        encode(still, "JPEG2000", no_jp2=True, tile_size=(16, 16)),
        bitmap,
        encode(quarters((16, 16), "RGBA"), "ICO", sizes=[(16, 16)]),
        ico_with(bitmap[14:]),
    ]
    found = sorted(path for path in corpora.rglob("*") if path.is_file()) if corpora is not None else []
    return made + [path.read_bytes() for path in found if path.stat().st_size < 400_000]


def broken(rng: random.Random, good: list[bytes]) -> Iterator[bytes]:
    """Broken pictures without end."""
    while True:
        data = bytearray(rng.choice(good))
        for _ in range(rng.choice((1, 1, 2, 4))):
            data = rng.choice(MUTATIONS)(rng, data or bytearray(b"\0"), good)
        yield bytes(data)


def outcome(data: bytes, variant: Variant) -> str:
    """What a picture ends as; whatever is no `ImageError` goes through."""
    try:
        describe(data, limits=LIMITS)
        render_variant(data, variant, limits=LIMITS)
    except ImageError as error:
        return error.code
    return "picture"


def _high_water() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _forget_high_water() -> int:
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM to what is resident now
    return _high_water()


def attack(good: list[bytes], seed: int, seconds: float) -> tuple[Counter[str], list[tuple[str, bytes]]]:
    """Broken pictures for so long: how they ended, and those that ended otherwise than they may."""
    rng, ends, failed = random.Random(seed), Counter[str](), []
    until = time.monotonic() + seconds
    for number, data in enumerate(broken(rng, good)):
        if time.monotonic() > until:
            break
        before, began = _forget_high_water(), time.process_time()
        try:
            end = outcome(data, _VARIANTS[number % len(_VARIANTS)])
        except Exception:  # noqa: BLE001  that there is none is what is tested
            end = "uncaught"
            failed.append((f"uncaught {traceback.format_exc(limit=-3)}", data))
        spent, grown = time.process_time() - began, _high_water() - before
        # What could be read can be written: an encoder that fails was given something odd by us.
        if end == "encode_failed" or spent > MOST_SECONDS or grown > MOST_BYTES:
            failed.append((f"{end} after {spent:.1f} s, {grown / 2**20:.0f} MiB", data))
        ends[end] += 1
    return ends, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    corpora = CORPORA / "images"
    ends, failed = attack(seeds(corpora if corpora.is_dir() else None), asked.seed, asked.seconds)
    print(f"{sum(ends.values())} broken pictures: {dict(ends)}; {len(failed)} failed")
    folder = Path(tempfile.mkdtemp(prefix="broken-pictures-")) if failed else None
    for number, (what, data) in enumerate(failed[:100]):
        assert folder is not None
        (folder / str(number)).write_bytes(data)
        print(f"{folder / str(number)}: {what}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
