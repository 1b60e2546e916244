"""Memory of picture work: the peak for large pictures, and whether a long-lived worker stays flat.

    python -m benchmarks.images_memory [--many 10000] [--only-flat]

Peaks: each picture is rendered to 680 pixels in a fresh process, whose largest resident size above the start is printed.
Flat: one process with a pipeline over small caches, a disk tier included, is asked for `--many` different pictures in
three formats; its resident size after the first tenth, when every cache is full, and at the end are compared.
"""

import argparse
import asyncio
import io
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from groundwork.memory import tune_allocator
from imagepipe.config import ImagesConfig, PipelineConfig, TierLimits, Tiers
from imagepipe.model import Variant
from imagepipe.originals.sources.folder import whole
from imagepipe.ports import SourceResponse, Wanted
from imagepipe.registry import Registry
from imagepipe.rendering.render import render_variant

_MIB = 1024 * 1024
FORMATS = ("jpeg", "webp", "png")
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


class Drawn:
    """A `Source` whose pictures are drawn when they are asked for: another one for each number."""

    async def fetch(self, wanted: Wanted) -> SourceResponse:
        number = int(wanted.url.rpartition("/")[2])
        size = (160 + number * 37 % 500, 120 + number * 53 % 400)
        body = await asyncio.to_thread(picture, size, FORMATS[number // 3 % 3], number)
        return SourceResponse(200, whole(body), total=len(body), etag=f'"{number}"', accept_ranges=True)


async def flat(many: int) -> bool:
    """Ask for that many; whether the end is within a tenth and 5 MiB of the first tenth."""
    tune_allocator()
    tiers = Tiers(TierLimits(8 * _MIB), TierLimits(8 * _MIB), TierLimits(32 * _MIB))
    config = ImagesConfig(pipelines=(PipelineConfig("cards", tiers),), global_tiers=tiers)
    with tempfile.TemporaryDirectory() as folder:
        async with Registry(Drawn(), config, folder=Path(folder), workers=2) as registry:
            marks = {many // 10: 0.0, many // 2: 0.0, many - 1: 0.0}
            for number in range(many):
                variant = Variant(width=64 + number % 200, format=FORMATS[number % 3])
                await registry["cards"].variant(f"http://o.test/{number}", variant)
                if number in marks:
                    await registry["cards"].settle()
                    marks[number] = resident()
            held = [registry.rendered_total.bytes, registry.encoded_total.bytes, registry.disk_total.bytes]
    print("flat: " + ", ".join(f"{size:.0f} MiB after {number}" for number, size in marks.items()))
    print("caches at the end: " + ", ".join(f"{size / _MIB:.1f} MiB" for size in held))
    first, *_, last = marks.values()
    return last <= first * 1.1 + 5


def peaks() -> None:
    """Print the peak of each large picture."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "picture"
        for name, size in SIZES.items():
            for format in ("jpeg", "progressive", "png"):
                target.write_bytes(picture(size, format))
                print(f"peak above the start, {name} {format}: {peak_of(target):.0f} MiB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--only-flat", action="store_true")
    asked = parser.parse_args()
    if not asked.only_flat:
        peaks()
    return 0 if asyncio.run(flat(asked.many)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
