"""What every frame of an animated PNG repeats is small, whatever the file holds."""

import struct
import zlib

import pytest

from imagepipe.codecs import apng, png

FRAMES = 3


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def animated(*colours: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0))
    parts = [b"\x89PNG\r\n\x1a\n", header, chunk(b"acTL", struct.pack(">II", FRAMES, 0)), *colours]
    sequence, pixels = 0, zlib.compress(b"\0\0")
    for number in range(FRAMES):
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, 1, 1, 0, 0, 1, 10, 0, 0)))
        sequence += 1
        if number:
            parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + pixels))
            sequence += 1
        else:
            parts.append(chunk(b"IDAT", pixels))
    return b"".join((*parts, chunk(b"IEND")))


RED, BLUE = b"\xff\0\0" * 2, b"\0\0\xff" * 2


@pytest.mark.parametrize(
    ("colours", "kept"),
    [
        ([chunk(b"PLTE", RED)], RED),
        ([chunk(b"PLTE", RED), *[chunk(b"PLTE", BLUE)] * 5000], RED),
        ([chunk(b"PLTE", bytes(1_000_000)), chunk(b"PLTE", RED)], RED),
        ([chunk(b"tRNS", bytes(1_000_000)), chunk(b"PLTE", RED)], RED),
    ],
    ids=["one", "many", "a large one before", "a large key"],
)
def test_a_frame_repeats_the_first_palette_that_can_be_one(colours: list[bytes], kept: bytes) -> None:
    data = animated(*colours)
    found = apng.read_animation(data, png.chunks(data))
    assert found is not None
    assert len(found.controls) == FRAMES
    assert list(found.colours.values()) == [chunk(b"PLTE", kept)]
