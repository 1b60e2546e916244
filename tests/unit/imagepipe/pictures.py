"""Small pictures made on the spot, so that every test shows what is in its input."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms


def quarters(size: tuple[int, int] = (80, 60), mode: str = "RGB") -> Image.Image:
    """Red, green, blue and white quarters: turned, cut or mirrored, it shows."""
    image = Image.new("RGB", size, (255, 255, 255))
    half = (size[0] // 2, size[1] // 2)
    image.paste((220, 30, 30), (0, 0, *half))
    image.paste((30, 180, 30), (half[0], 0, size[0], half[1]))
    image.paste((30, 30, 220), (0, half[1], half[0], size[1]))
    return image.convert(mode)


def photo(size: tuple[int, int]) -> Image.Image:
    """Smooth colours with some structure, so that encoders have work to do."""
    red = Image.linear_gradient("L").resize(size)
    green = Image.radial_gradient("L").resize(size)
    blue = Image.effect_noise(size, 40)
    return Image.merge("RGB", (red, green, blue))


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def decode(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def oriented_jpeg(orientation: int, size: tuple[int, int] = (80, 60)) -> bytes:
    """`quarters` stored so that a viewer who honours the orientation sees it upright."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = quarters(size)
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image, "JPEG", exif=exif.tobytes(), quality=95)


def animated(format: str, frames: int = 4, size: tuple[int, int] = (32, 24), **options: Any) -> bytes:
    """Frames of different greys, 100 ms each."""
    images = [Image.new("RGB", size, (40 * number, 255 - 40 * number, 90)) for number in range(frames)]
    extra = {"save_all": True, "append_images": images[1:], "duration": 100, "loop": 0, **options}
    return encode(images[0], format, **extra)


def png_header(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG that says such a size, with further chunks, and no pixels worth the name."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), *more]
    chunks += [(b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(
    colour_type: int,
    depth: int,
    pixels: tuple[tuple[int, ...], ...],
    *more: tuple[bytes, bytes],
    palette: bytes = b"",
    side: int = 32,
) -> bytes:
    """A square PNG in vertical stripes of these pixels, one number a channel, with further chunks before its own."""
    rows = bytearray()
    for _ in range(side):
        bits = "".join(format(value, f"0{depth}b") for x in range(side) for value in pixels[x * len(pixels) // side])
        rows += b"\0" + int(bits, 2).to_bytes(len(bits) // 8)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, colour_type, 0, 0, 0))]
    chunks += [(b"PLTE", palette)] if palette else []
    chunks += [*more, (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def gif_bomb(frames: int) -> bytes:
    """A GIF of that many frames of one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b";"


def ico_with(inner: bytes, entries: int = 1) -> bytes:
    """An icon whose every entry is the same bytes."""
    offset = 6 + 16 * entries
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), offset)
    return struct.pack("<HHH", 0, 1, entries) + entry * entries + inner


def wide_gamut_profile() -> bytes:
    """A profile that is not sRGB: LittleCMS's Lab, which no RGB picture has."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
