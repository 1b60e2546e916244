"""Memory of picture work: the peak for large pictures, and whether a long-lived worker stays flat.

    python benchmarks/images_memory.py [--many 10000]

Peaks: each picture is rendered to 680 pixels in a fresh process, whose largest resident size above the start is printed.
Flat: a pipeline in one process renders `--many` different pictures in three formats; its resident size after the first
tenth and at the end are compared, the caches' growth taken off.
"""

import argparse
import asyncio
import io
import random
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from imagepipe.memory import give_back, tune_allocator
from imagepipe.model import Variant
from imagepipe.rendering.render import render_variant

_MIB = 1024 * 1024
SIZES = {"11 MP": (4000, 2750), "50 MP": (8660, 5774)}


def picture(size: tuple[int, int], format: str, seed: int = 1) -> bytes:
    """A picture with structure, different for each seed."""
    rough = Image.frombytes("RGB", (64, 48), random.Random(seed).randbytes(64 * 48 * 3))
    out = io.BytesIO()
    options = {"progressive": True} if format == "progressive" else {}
    name = {"progressive": "JPEG", "jpeg": "JPEG"}.get(format, format.upper())
    rough.resize(size, Image.Resampling.BILINEAR).save(out, name, **options)
    return out.getvalue()


def peak_of(path: Path) -> float:
    """MiB above the start that a fresh process needs for one render."""
    code = "import sys; from benchmarks.images_memory import one; one(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def one(path: str) -> None:
    """In the fresh process: render once and print the growth."""
    data = Path(path).read_bytes()
    render_variant(picture((64, 48), "jpeg"), Variant(width=32, format="jpeg"))
    before = high_water()
    render_variant(data, Variant(width=680, format="jpeg"))
    print(high_water() - before)


def high_water() -> float:
    """MiB at the most so far. (`getrusage` would give the parent's, too, which a child inherits.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def resident() -> float:
    """MiB of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / _MIB


async def flat(many: int) -> bool:
    """Render that many pictures on two threads; whether the end is within 10 % of the first tenth."""
    tune_allocator()
    loop, marks = asyncio.get_running_loop(), []
    with ThreadPoolExecutor(2) as threads:
        for number in range(many):
            size = (400 + number * 37 % 900, 300 + number * 53 % 700)
            variant = Variant(width=200 + number % 300, format=("jpeg", "webp", "png")[number % 3])
            data = picture(size, ("jpeg", "webp", "png")[number // 3 % 3], number)
            await loop.run_in_executor(threads, render_variant, data, variant)
            if number % 64 == 0:
                give_back()
            if number in (many // 10, many // 2, many - 1):
                marks.append(resident())
    print(f"flat: {marks[0]:.0f} MiB after {many // 10}, {marks[1]:.0f} after {many // 2}, {marks[2]:.0f} after {many}")
    return marks[2] <= marks[0] * 1.1 + 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", type=int, default=2_000)
    asked = parser.parse_args()
    target = Path("/tmp") / "images_memory.picture"
    for name, size in SIZES.items():
        for format in ("jpeg", "progressive", "png"):
            target.write_bytes(picture(size, format))
            print(f"peak above the start, {name} {format}: {peak_of(target):.0f} MiB")
    target.unlink()
    return 0 if asyncio.run(flat(asked.many)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
