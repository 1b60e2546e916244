"""The few things all codecs on Pillow share: opening by one decoder only, walking frames, saving without metadata.

Decoder classes are called directly: `Image.open` would try other decoders and import all of them.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image, ImageFile

from imagepipe.codecs.codec import Decoded, DecodeWish, Frame

MAX_DURATION = 655_350
"""What GIF and APNG can say (16 bits of hundredths); WebP holds more, and damaged files say it."""

Opener = Callable[[io.BytesIO], ImageFile.ImageFile]

MIN_DURATION = 20
"""Browsers show frames that ask for less than 20 ms for 100 ms (Chromium's GIF decoder, Firefox's `FrameTimeout`)."""


def decode_with(open_picture: Opener, data: bytes, wish: DecodeWish, owner: str | None = None) -> Decoded:
    """Frames of whatever `open_picture` opens; only the first one unless the wish says animate."""
    image = open_picture(io.BytesIO(data))
    icc = image.info.get("icc_profile")
    loop = image.info.get("loop", 0)
    return Decoded(walk(image, wish.animate), icc if isinstance(icc, bytes) else None, owner, loop, image.size)


def walk(image: ImageFile.ImageFile, animate: bool) -> Iterator[Frame]:
    """Each frame, composed. An animation that ends early (a frame that was announced is absent) ends there."""
    first = 1 if image.info.get("default_image") and animate else 0
    number = first
    while True:
        if number:
            try:
                image.seek(number)
            except (EOFError, OSError):
                return  # browsers show the frames that came
        try:
            came_whole = load(image)
        except OSError:
            if number == first:
                raise
            return
        if not came_whole and number > first:
            return
        yield Frame(image.copy() if animate else image, shown_duration(image.info.get("duration", 0)))
        number += 1
        if not animate or number >= getattr(image, "n_frames", 1):
            return


def load(image: ImageFile.ImageFile) -> bool:
    """Decode the pixels. False where the data ended too early, and the rest is blank, as browsers show it.

    `OSError` where nothing came. (Pillow's own switch for this holds for the whole process, and does not tell.)
    """
    try:
        image.load()
    except OSError:
        if image._im is None:
            raise
        image.tile = []
        return False
    return True


def shown_duration(milliseconds: float) -> int:
    """For how many milliseconds browsers show a frame that asks for `milliseconds`."""
    if milliseconds < MIN_DURATION:
        return 100
    whole = round(min(milliseconds, MAX_DURATION))
    return whole if whole <= 0xFFFF else whole // 10 * 10  # an APNG's is a fraction of two numbers of 16 bits


def save(frames: list[Frame], pillow_name: str, **options: Any) -> bytes:
    """Write through Pillow. Everything a file said about itself is left behind."""
    images = _alike([_bare(frame.image) for frame in frames])
    out = io.BytesIO()
    if len(images) > 1:
        options |= {"save_all": True, "append_images": images[1:], "duration": [frame.duration for frame in frames]}
    images[0].save(out, pillow_name, **options)
    return out.getvalue()


def _alike(images: list[Image.Image]) -> list[Image.Image]:
    """All in one mode: an animation in which some frames have alpha and some not is refused by libavif."""
    modes = {image.mode for image in images}
    if len(modes) == 1:
        return images
    return [image.convert("RGBA" if "RGBA" in modes else "RGB") for image in images]


def _bare(image: Image.Image) -> Image.Image:
    image.info = {}
    return image
