"""Bombs: a gigabyte of one letter in about a megabyte, in each encoding and in chains, through the whole fetcher.

The fetcher works in a process of its own, so that its memory is what the system says, not what Python knows of.
"""

import asyncio
import gzip
import json
import sys
import zlib
from functools import cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest

from tests.origin import Origin

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GIGABYTE = 1024 * 1024 * 1024
PIECE = b"x" * (4 * 1024 * 1024)
TIMES = GIGABYTE // len(PIECE)
MOST_GROWTH = 20 * 1024 * 1024

FETCH = """
import asyncio, json, sys, time
from fetchers.config import FetchersConfig, Network, RateLimits
from fetchers.model import HopRequest
from fetchers.standalone import running_fetcher


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


async def main():
    network = Network(resolve={"*.test": "127.0.0.1:" + sys.argv[1]})
    config = FetchersConfig(rate_limit=RateLimits(1000.0, 1000), network=network)
    async with running_fetcher(config) as fetcher:
        by = time.time() + 60
        await fetcher.perform(HopRequest("http://a.test/warm", by, by))  # what is loaded once is no growth
        with open("/proc/self/clear_refs", "w") as forget:
            forget.write("5")  # the peak so far: from here on it is the bomb's
        before = peak()
        result = await fetcher.perform(HopRequest("http://a.test/bomb", by, by))
        print(json.dumps({"ending": getattr(result, "ending", None), "growth": peak() - before}))


asyncio.run(main())
"""


def deflated(wrapping: int) -> bytes:
    """One piece, flushed so that nothing refers back to it, over and over: quick to make, and as large as any."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wrapping)
    head = packer.compress(b"<p>") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(PIECE) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + piece * TIMES + packer.flush()


@cache
def bomb(kind: str) -> bytes:
    match kind:
        case "gzip":
            return deflated(31)
        case "deflate":
            return deflated(15)
        case "br":
            packer = brotli.Compressor(quality=1)
            return b"".join([*(packer.process(PIECE) for _ in range(TIMES)), packer.finish()])
        case "zstd":
            return zstd.compress(PIECE) * TIMES
        case "gzip, gzip":
            return gzip.compress(bomb("gzip"), 6)
        case "zstd, br":
            whole: bytes = brotli.compress(bomb("zstd"), quality=5)
            return whole
        case _:
            raise ValueError(kind)


def site(encoding: str, body: bytes) -> Origin:
    """`/bomb` is the bomb, everything else a greeting. Neither says how long it is."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
    bomb = head + f"Content-Encoding: {encoding}\r\n\r\n".encode() + body
    return Origin({"*/bomb": bomb}, head + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"<p>hello"))


@pytest.mark.parametrize("kind", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "zstd, br"])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process's peak")
async def test_a_bomb_is_too_large_and_costs_little(kind: str) -> None:
    body = bomb(kind)
    assert len(body) < 1.1 * 1024 * 1024
    async with site(kind, body) as origin:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FETCH, str(origin.port), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await asyncio.wait_for(process.communicate(), 30.0)
    told = json.loads(said)
    assert told["ending"] == "too_large"
    assert told["growth"] < MOST_GROWTH
