"""Bytes, likeness and CPU of variants at everybody's defaults: this server, thumbor and libvips in one run, as Markdown.

    python -m venv /some/where && /some/where/bin/pip install thumbor
    python -m benchmarks.picture_peers --thumbor /some/where/bin/thumbor [--width 680] [--rounds 3]

Both servers are processes of their own that read the same folder and keep nothing between rounds; their CPU is the
kernel's count, HTTP included. libvips works in this process (`thumbnail` and save), one thread, without HTTP. Likeness is
against a Lanczos reduction from full size (see `picture_quality`), for animations that of the frame in the middle. The
median of the rounds counts. Without `--thumbor` its rows are left out. Needs the packages of `requirements/bench.txt`.
"""

import argparse
import io
import os
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from PIL import Image, ImageDraw, ImageFont, ImageSequence

os.environ["VIPS_CONCURRENCY"] = "1"  # as the servers: one thread a picture

import pyvips

from benchmarks.images import SAVE, pictures
from benchmarks.images_server import Server
from benchmarks.picture_quality import Likeness, drawing, likeness, line_art, screenshot, sources

_TICKS = os.sysconf("SC_CLK_TCK")
_FORMATS = ("jpeg", "webp", "avif")
_ANIMATED = ("webp", "gif")
_LEAST_WIDTH = 1000  # others would enlarge a narrower one
_THUMBOR_PORT = 18_233
_SETTINGS = """
LOADER = 'thumbor.loaders.file_loader'
FILE_LOADER_ROOT_PATH = {root!r}
STORAGE = 'thumbor.storages.no_storage'
RESULT_STORAGE = None
ALLOW_UNSAFE_URL = True
SECURITY_KEY = 'bench'
"""


class Made(NamedTuple):
    """One variant and what it took."""

    body: bytes
    seconds: float


class Peer(Protocol):
    """Makes variants. `number` is the picture's in the folder."""

    def make(self, number: int, format: str, width: int) -> Made:
        """One variant, cold."""


class Ours:
    """This server, emptied before each variant."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def make(self, number: int, format: str, width: int) -> Made:
        self._server.purge()
        began = self._server.cpu_seconds()
        body = self._server.get(number, format, width)
        return Made(body, self._server.cpu_seconds() - began)


class Thumbor:
    """A thumbor that keeps nothing."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def make(self, number: int, format: str, width: int) -> Made:
        began = _cpu(self._pid)
        url = f"http://127.0.0.1:{_THUMBOR_PORT}/unsafe/{width}x0/filters:format({format})/{number}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            body = answer.read()
        return Made(body, _cpu(self._pid) - began)


class Libvips:
    """The library alone, with the qualities that are our defaults."""

    def __init__(self, data: list[bytes]) -> None:
        self._data = data

    def make(self, number: int, format: str, width: int) -> Made:
        began = time.process_time()
        animated = self._data[number].startswith(b"GIF")
        head = pyvips.Image.new_from_buffer(self._data[number], "")
        options = {"output_profile": "srgb"} if head.get_typeof("icc-profile-data") else {}
        options["option_string"] = "n=-1" if animated else ""
        image = pyvips.Image.thumbnail_buffer(self._data[number], width, size="down", **options).copy()
        for field in ("icc-profile-data", "exif-data", "xmp-data", "iptc-data"):
            if image.get_typeof(field):
                image.remove(field)
        body = image.gifsave_buffer() if format == "gif" else SAVE[format](image)
        return Made(body, time.process_time() - began)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


@contextmanager
def thumbor(program: str, root: Path, folder: Path) -> Iterator[Thumbor]:
    """Start it and wait until it answers."""
    settings = folder / "thumbor.conf"
    settings.write_text(_SETTINGS.format(root=str(root)))
    command = [program, "--port", str(_THUMBOR_PORT), "--ip", "127.0.0.1", "--conf", str(settings), "--processes", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{_THUMBOR_PORT}/healthcheck", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield Thumbor(process.pid)
    finally:
        process.terminate()
        process.wait()


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _gif(frames: list[Image.Image]) -> bytes:
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)
    return out.getvalue()


def screencast() -> bytes:
    """Somebody types on a page."""
    page = screenshot().resize((800, 600), Image.Resampling.LANCZOS).quantize(64).convert("RGB")
    frames, font = [], ImageFont.load_default(size=16)
    for number in range(24):
        frame = page.copy()
        ImageDraw.Draw(frame).text((160, 300), "status code 200 OK, cached"[:number], fill=(200, 0, 0), font=font)
        frames.append(frame)
    return _gif(frames)


def moving_photograph() -> bytes:
    """A camera that pans over a photograph."""
    with Image.open(io.BytesIO(pictures(1)[0])) as opened:
        whole = opened.convert("RGB").resize((900, 675), Image.Resampling.LANCZOS)
    return _gif([whole.crop((step * 8, 40, step * 8 + 640, 520)) for step in range(16)])


def kinds() -> dict[str, list[bytes]]:
    """The pictures of each kind."""
    corpus = [data for _, data in sources() if data.startswith(b"\xff\xd8")]
    photographs = [*pictures(2), *(data for data in corpus if Image.open(io.BytesIO(data)).width > _LEAST_WIDTH)]
    return {
        "photographs": photographs,
        "screenshots": [_png(screenshot())],
        "drawings": [_png(drawing()), _png(line_art())],
        "animations": [screencast(), moving_photograph()],
    }


def _full(data: bytes) -> Image.Image:
    """What a variant is compared with: turned as its EXIF says, of an animation the frame in the middle."""
    return _middle(data, Image.open(io.BytesIO(data)))


def _middle(data: bytes, image: Image.Image) -> Image.Image:
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        image.seek(frames // 2)
        return image.convert("RGB")
    shown = pyvips.Image.new_from_buffer(data, "").autorot().icc_transform("srgb") if data[:2] == b"\xff\xd8" else None
    return image.convert("RGB") if shown is None else Image.fromarray(shown.numpy()).convert("RGB")


def _likeness(body: bytes, full: Image.Image) -> Likeness:
    image = Image.open(io.BytesIO(body))
    if getattr(image, "n_frames", 1) == 1:
        return likeness(body, full)
    image.seek(image.n_frames // 2)  # type: ignore[attr-defined]
    return likeness(_png(image.convert("RGB")), full)._replace(size=len(body))


def _frames(body: bytes) -> int:
    return sum(1 for _ in ImageSequence.Iterator(Image.open(io.BytesIO(body))))


def measure(peer: Peer, numbers: list[int], full: list[Image.Image], format: str, rounds: int, width: int) -> str:
    """One line of the table: sums of bytes and of CPU, means of the likenesses."""
    bodies: list[bytes] = []
    seconds = []
    for _ in range(rounds):
        made = [peer.make(number, format, width) for number in numbers]
        bodies = [each.body for each in made]
        seconds.append(sum(each.seconds for each in made))
    rows = [_likeness(body, full[number]) for number, body in zip(numbers, bodies, strict=True)]
    seen = statistics.mean(row.ssimulacra2 for row in rows)
    alike = statistics.mean(row.ssim for row in rows)
    frames = ", ".join(str(_frames(body)) for body in bodies) if format == "gif" or _frames(bodies[0]) > 1 else "1"
    cpu = statistics.median(seconds) / len(numbers) * 1000
    return f"{sum(map(len, bodies)):,} | {alike:.3f} | {seen:.0f} | {cpu:.0f} | {frames}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thumbor", default="")
    parser.add_argument("--width", type=int, default=680)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    groups = kinds()
    data = [each for group in groups.values() for each in group]
    full = [_full(each) for each in data]
    print("| pictures | format | by | bytes | SSIM | SSIMULACRA2 | CPU, ms | frames |\n" + "|---" * 8 + "|")
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), data) as server:
        peers: dict[str, Peer] = {"this server": Ours(server), "libvips": Libvips(data)}
        if not asked.thumbor:
            _table(peers, groups, full, asked.rounds, asked.width)
            return 0
        with thumbor(asked.thumbor, Path(folder) / "root", Path(folder)) as other:
            _table({**peers, "thumbor": other}, groups, full, asked.rounds, asked.width)
    return 0


def _table(
    peers: dict[str, Peer], groups: dict[str, list[bytes]], full: list[Image.Image], rounds: int, width: int
) -> None:
    first = 0
    for name, group in groups.items():
        numbers = list(range(first, first + len(group)))
        first += len(group)
        animated = name == "animations"
        for format in _ANIMATED if animated else _FORMATS:
            for peer, maker in peers.items():
                line = measure(maker, numbers, full, format, rounds, 320 if animated else width)
                print(f"| {name} | {format} | {peer} | {line} |", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
