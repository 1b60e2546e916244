"""Large pictures from several callers at once: memory stays within its bound, and others are served meanwhile."""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx
from PIL import Image

from tests.e2e.hostile.watch import tree_memory
from tests.e2e.imagepipe.server import PictureServer
from tests.unit.imagepipe.pictures import encode, quarters

_BOUND = 900 * 1024 * 1024  # of a container of 1 GiB
_AT_ONCE = 8


def _folder(root: Path) -> None:
    alpha = encode(Image.new("RGBA", (7700, 7700), (1, 2, 3, 255)), "PNG")
    plain = encode(Image.new("RGB", (6000, 6000), (9, 2, 3)), "PNG")
    small = encode(quarters(), "JPEG")
    root.mkdir()
    for number in range(_AT_ONCE):
        (root / f"{number}.alpha.png").write_bytes(alpha)
        (root / f"{number}.png").write_bytes(plain)
    for number in range(60):
        (root / f"{number}.jpg").write_bytes(small)


async def _status(client: httpx.AsyncClient, server: PictureServer, name: str) -> int:
    return (await client.get(server.address(f"http://pictures.test/{name}"))).status_code


async def test_large_pictures_at_once_stay_within_the_budget(tmp_path: Path) -> None:
    """59-megapixel PNGs with alpha are refused, 36-megapixel ones wait for one another, small pictures pass both."""
    _folder(tmp_path / "root")
    with PictureServer(tmp_path / "cache", "--root", str(tmp_path / "root")) as server:
        most, waits = 0, []

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, tree_memory(server.pid))
                await asyncio.sleep(0.02)

        async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
            await _status(client, server, "59.jpg")
            watching = asyncio.create_task(watch())
            names = [f"{number}.{kind}" for kind in ("alpha.png", "png") for number in range(_AT_ONCE)]
            large = [asyncio.create_task(_status(client, server, name)) for name in names]
            for number in range(20):
                begun = time.monotonic()
                assert await _status(client, server, f"{number}.jpg") == 200
                waits.append(time.monotonic() - begun)
            found = await asyncio.gather(*large)
            watching.cancel()
    assert found == [413] * _AT_ONCE + [200] * _AT_ONCE
    assert max(waits) < 15  # all large ones together take longer, on a quick and idle machine too
    assert most < _BOUND


async def test_the_workers_end_with_their_parent(tmp_path: Path) -> None:
    """However it ends: by SIGTERM, or by SIGKILL, which lets it do nothing."""
    _folder(tmp_path / "root")
    for how in (signal.SIGTERM, signal.SIGKILL):
        with PictureServer(tmp_path / how.name, "--root", str(tmp_path / "root")) as server:
            async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
                await _status(client, server, "1.jpg")
            workers = [
                int(child) for child in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            ]
            assert workers
            os.kill(server.pid, how)
            until = time.monotonic() + 10
            while any(Path(f"/proc/{worker}").exists() for worker in workers):
                assert time.monotonic() < until
                await asyncio.sleep(0.02)
