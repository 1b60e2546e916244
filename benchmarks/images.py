"""CPU of the picture server per cold and per hot variant, against libvips and against a constant, in one run.

    python benchmarks/images.py [--pictures 12] [--rounds 3]

Cold: `python -m imagepipe serve` in a process of its own, its CPU from the kernel's count, HTTP, cache writes and disk
included; beside it `pyvips` alone (`thumbnail_buffer` and save) for the same bytes at the same quality (our defaults)
and effort, baseline JPEG with halved colour on both sides, one thread each. Hot: requests a second that the same
framework serves from the rendered tier, and as a constant of that size. Coalescing: what 200 simultaneous requests of
one cold picture make it do. Rounds alternate between the sides, the median ratio counts.

Needs `pyvips` and `pyvips-binary` (bench only). Pictures: photographs from SPIDERDUCK_CORPORA, else synthetic ones.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

os.environ["VIPS_CONCURRENCY"] = "1"  # as the server: one thread a picture

import pyvips

from benchmarks.images_server import Server
from imagepipe.codecs.quality import DEFAULT_QUALITY
from tests.corpora import CORPORA

WIDTHS = (680, 360)
SAVE: dict[str, Callable[[pyvips.Image], bytes]] = {
    "jpeg": lambda image: image.jpegsave_buffer(Q=DEFAULT_QUALITY["jpeg"], subsample_mode="on"),
    "webp": lambda image: image.webpsave_buffer(Q=DEFAULT_QUALITY["webp"], effort=2),
    # Effort 1 is aom's speed 8.
    "avif": lambda image: image.heifsave_buffer(Q=DEFAULT_QUALITY["avif"], compression="av1", effort=1),
}
LIMITS = {"jpeg": 1.0, "webp": 1.1, "avif": 1.1}


def pictures(count: int, size: tuple[int, int] = (2048, 1536)) -> list[bytes]:
    """Different pictures of 3.1 megapixels."""
    corpora = CORPORA
    photograph = corpora / "images" / "exif" / "Landscape_1.jpg"
    whole = (int(size[0] * 1.1), int(size[1] * 1.1))
    if photograph.is_file():
        with Image.open(photograph) as opened:
            base = opened.convert("RGB").resize(whole, Image.Resampling.LANCZOS)
    else:
        bands = (Image.linear_gradient("L"), Image.radial_gradient("L"), Image.effect_noise((256, 256), 60))
        base = Image.merge("RGB", bands).resize(whole, Image.Resampling.BICUBIC)
    found = []
    for number in range(count):
        left, top = (number * 13) % (whole[0] - size[0]), (number * 7) % (whole[1] - size[1])
        out = io.BytesIO()
        base.crop((left, top, left + size[0], top + size[1])).save(out, "JPEG", quality=90)
        found.append(out.getvalue())
    return found


def peer(data: list[bytes], format: str, width: int) -> float:
    """CPU seconds a picture of libvips alone."""
    began = time.process_time()
    for each in data:
        SAVE[format](pyvips.Image.thumbnail_buffer(each, width))
    return (time.process_time() - began) / len(data)


def cold(server: Server, count: int, format: str, width: int) -> float:
    """CPU seconds a picture of the whole server."""
    server.purge()
    began = server.cpu_seconds()
    for number in range(count):
        server.get(number, format, width)
    return (server.cpu_seconds() - began) / count


def compare_cold(server: Server, data: list[bytes], rounds: int) -> bool:
    """Print a line for each format and width; whether all are within their limits."""
    good = True
    print(f"{'cold variant':16}{'server ms':>10}{'libvips ms':>12}{'ratio':>8}{'limit':>8}")
    for format, limit in LIMITS.items():
        for width in WIDTHS:
            some = data if format != "avif" else data[: max(2, len(data) // 3)]
            pairs = [(cold(server, len(some), format, width), peer(some, format, width)) for _ in range(rounds)]
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            ours, theirs = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
            good &= ratio <= limit
            print(f"{format + ' ' + str(width):16}{ours:10.1f}{theirs:12.1f}{ratio:8.2f}{limit:8.1f}")
    return good


def compare_hot(server: Server, rounds: int) -> bool:
    """Requests a second from the rendered tier and of a constant; whether at least half is kept."""
    ratios = []
    for _ in range(rounds):
        hot, constant = server.hot_rate(), server.constant_rate()
        ratios.append(hot / constant)
        print(f"hot variant: {hot:8.0f}/s, constant {constant:8.0f}/s, ratio {hot / constant:.2f} (at least 0.5)")
    return statistics.median(ratios) >= 0.5


def compare_coalescing(server: Server, clients: int = 200) -> bool:
    """Whether so many who ask for one cold picture at the same moment make one fetch and one decode."""
    work = server.coalesced(clients)
    print(f"{clients} at once for one cold picture: {work['fetches']} fetch, {work['renders']} decode (one of each)")
    return work == {"fetches": 1, "renders": 1}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    data = pictures(asked.pictures)
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), data) as server:
        good = compare_cold(server, data, asked.rounds)
        good &= compare_hot(server, asked.rounds)
        good &= compare_coalescing(server)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
