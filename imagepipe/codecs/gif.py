"""GIF, still and animated. The blocks are walked first: 10,000 frames of one pixel are a bomb of a few kilobytes.

Frames are decoded one by one, each as a still picture of its own, and laid on a canvas here, as browsers do: what is
disposed of becomes transparent. (Pillow fills it with the file's background colour, which no browser shows.)
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace

from PIL import GifImagePlugin, Image

from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.gif_blocks import GifFrame, GifScreen, mended, read_plays, read_screen, walk_frames
from imagepipe.codecs.gif_writing import write_animation
from imagepipe.codecs.pillow import load, save, shown_duration
from imagepipe.config import PictureLimits
from imagepipe.model import PictureInfo


class Gif:
    """The GIF codec (GIF89a)."""

    name = "gif"
    content_type = "image/gif"
    can_write = True
    has_alpha = True
    can_animate = True
    lossless = False  # 256 colours
    max_side = 65_535

    def recognises(self, head: bytes) -> bool:
        return head.startswith((b"GIF87a", b"GIF89a"))

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        screen = read_screen(data)
        width, height, frames, largest, parts = screen.width, screen.height, 0, 0, 0
        end = 0
        for frame in walk_frames(data):
            frames += 1
            # What lies beyond the screen is not shown, but a decoder makes room for it.
            width, height = max(width, frame.x + frame.width), max(height, frame.y + frame.height)
            largest = max(largest, frame.width * frame.height)
            parts += frame.width * frame.height
            end = frame.body[1]
            if frames > limits.frames:
                break
        if width * height <= limits.pixels:
            width, height = screen.width, screen.height
        cut_off = end >= len(data)  # a trailer follows the last frame
        return PictureInfo(
            self.name,
            width,
            height,
            max(frames, 1),
            largest_part=largest,
            part_pixels=parts,
            cut_off=cut_off,
            palette=True,
        )

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        screen = read_screen(data)
        return Decoded(_compose(data, screen, wish.animate), loop=read_plays(data), size=(screen.width, screen.height))

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        whole = write_animation(frames, wish.loop, wish.colours % 256) if len(frames) > 1 else None
        if whole is not None:
            return whole
        options: dict[str, int] = {}
        frames = [replace(frame, image=_with_hard_edges(frame.image)) for frame in frames]
        if len(frames) > 1:
            # A frame with alpha needs a cleared canvas; others say only what changes, which is far smaller.
            clear = any(frame.image.mode == "RGBA" for frame in frames)
            options = {"disposal": 2} if clear else {}
            options |= {} if wish.loop == 1 else {"loop": max(0, wish.loop - 1)}
        return save(frames, "GIF", optimize=False, **options)


def _with_hard_edges(image: Image.Image) -> Image.Image:
    """Pixels are solid or not there at all. (Pillow takes all but wholly transparent ones for solid.)"""
    if image.mode != "RGBA":
        return image
    shown = image.copy()
    shown.putalpha(image.getchannel("A").point([0] * 128 + [255] * 128))
    return shown


def _compose(data: bytes, screen: GifScreen, animate: bool) -> Iterator[Frame]:
    canvas = Image.new("RGBA", (screen.width, screen.height))
    for number, frame in enumerate(walk_frames(data)):
        before = canvas.copy() if frame.disposal in (3, 4) else canvas
        if frame.width and frame.height:
            picture = _decode(data, screen, frame, must_be_whole=number > 0)
            if picture is None:
                return  # browsers show the frames that are whole, and of a first one what came
            canvas.paste(picture, (frame.x, frame.y), picture)
        yield Frame(_flat(canvas), shown_duration(frame.duration))
        if not animate:
            return
        if frame.disposal == 2:
            canvas.paste((0, 0, 0, 0), (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height))
        canvas = before


def _decode(data: bytes, screen: GifScreen, frame: GifFrame, *, must_be_whole: bool) -> Image.Image | None:
    """The frame's own pixels: a GIF of one frame that fills its screen. None where it is not whole and must be."""
    head = b"GIF89a" + struct.pack("<HHBBB", frame.width, frame.height, screen.flags, 0, 0) + screen.table
    index = frame.transparent
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, 0 if index is None else 1, 0, index or 0, 0)
    place = struct.pack("<BHHHHB", 0x2C, 0, 0, frame.width, frame.height, frame.flags)
    start, end = frame.body
    cut = end > len(data)
    if cut and must_be_whole:
        return None
    pixels = mended(data, start) if cut else data[start:end]
    image = GifImagePlugin.GifImageFile(io.BytesIO(head + control + place + pixels + b";"))
    return image.convert("RGBA") if load(image) or not must_be_whole else None


def _flat(canvas: Image.Image) -> Image.Image:
    """A copy for the caller, without alpha where there is none."""
    opaque = canvas.getchannel("A").getextrema() == (255, 255)
    return canvas.convert("RGB") if opaque else canvas.copy()
