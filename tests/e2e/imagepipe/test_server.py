"""The picture server as a process: killed in mid-download, and asked by two hundred at once."""

import asyncio
import random
from pathlib import Path

import httpx
import pytest
from PIL import Image

from imagepipe.originals.partials import CHECKPOINT_BYTES
from tests.e2e.imagepipe.server import DawdlingOrigin, PictureServer
from tests.unit.imagepipe.pictures import decode, encode

pytestmark = pytest.mark.e2e

_CLIENTS = 200


def _large_png() -> bytes:
    """Noise, so that it is large: 1,000 × 700 × 3 bytes."""
    noise = random.Random(1).randbytes(1000 * 700 * 3)
    return encode(Image.frombytes("RGB", (1000, 700), noise), "PNG", compress_level=0)


async def test_a_kill_in_mid_download_costs_at_most_a_checkpoint(tmp_path: Path) -> None:
    """kill -9 loses no more than was not yet kept; the next process asks for the rest, and the picture is right."""
    async with DawdlingOrigin(_large_png()) as origin, httpx.AsyncClient(trust_env=False) as client:
        origin.pause_after = 1_300_000
        with PictureServer(tmp_path) as server:
            asking = asyncio.create_task(client.get(server.address(origin.url), timeout=30))
            async with asyncio.timeout(20):
                while (await server.inspect())["partial"]["bytes"] < origin.pause_after - CHECKPOINT_BYTES:
                    await asyncio.sleep(0.02)
            server.kill()
            with pytest.raises(httpx.HTTPError):
                await asking
        origin.pause_after = None
        with PictureServer(tmp_path) as server:
            answer = await client.get(server.address(origin.url, "w=1000&format=png"), timeout=30)
    assert answer.status_code == 200
    assert decode(answer.content).tobytes() == decode(origin.body).tobytes()
    first, rest = origin.ranges
    assert first is None
    assert rest is not None
    assert 1_300_000 - CHECKPOINT_BYTES <= int(rest) <= 1_300_000


async def test_two_hundred_who_ask_at_once_make_one_fetch_and_one_render(tmp_path: Path) -> None:
    """Over real connections, all open before the origin has answered."""
    async with DawdlingOrigin(_large_png()) as origin:
        origin.pause_after = 0
        limits = httpx.Limits(max_connections=_CLIENTS)
        with PictureServer(tmp_path) as server:
            async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=30) as client:
                asking = [asyncio.create_task(client.get(server.address(origin.url))) for _ in range(_CLIENTS)]
                async with asyncio.timeout(20):
                    while (await server.inspect())["hits"].get("coalesced", 0) < _CLIENTS - 1:
                        await asyncio.sleep(0.02)
                origin.go.set()
                answers = await asyncio.gather(*asking)
            held = await server.inspect()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(origin.ranges) == 1
    assert (held["fetches"], held["hits"]["renders"], held["hits"]["coalesced"]) == (1, 1, _CLIENTS - 1)
