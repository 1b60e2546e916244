"""The border to the codecs. Only what was inspected is decoded: limits and the memory budget have judged that size and
no other. Whatever a codec raises leaves as an `ImageError`, with the original as its cause."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from imagepipe.codecs.codec import Codec, Decoded, DecodeWish, Frame
from imagepipe.errors import BrokenPicture, EncodeFailed, ImageError, PictureTooLarge
from imagepipe.model import PictureInfo
from imagepipe.rendering.geometry import Size


def decode_as_inspected(codec: Codec, data: bytes, wish: DecodeWish, info: PictureInfo) -> Decoded:
    """What the codec decodes. `BrokenPicture` where its decoder believes another size than `info`, which is noticed
    before the pixels are decoded if the decoder tells it then, or gives a larger frame."""
    inspected = info.stored
    decoded = codec.decode(data, wish)
    if decoded.size is not None and decoded.size != inspected:
        raise _differs(codec, decoded.size, inspected)
    return replace(decoded, frames=_checked(codec, decoded.frames, inspected))


def _checked(codec: Codec, frames: Iterator[Frame], inspected: Size) -> Iterator[Frame]:
    for frame in frames:
        width, height = frame.image.size
        if width > inspected[0] or height > inspected[1]:
            raise _differs(codec, (width, height), inspected)
        yield frame


def _differs(codec: Codec, found: Size, inspected: Size) -> BrokenPicture:
    return BrokenPicture(
        f"{codec.name}: the decoder sees {found[0]}×{found[1]}, its header says {inspected[0]}×{inspected[1]}"
    )


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Around everything that reads foreign bytes: raises `ImageError` alone, where Pillow would leak ValueError,
    SyntaxError and others."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise PictureTooLarge(f"{name}: no memory for its pixels") from error
    except Exception as error:
        raise BrokenPicture(f"{name}: {str(error) or type(error).__name__}") from error


@contextmanager
def encoding(name: str) -> Iterator[None]:
    """Around an encoder. Raises `EncodeFailed`."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        raise EncodeFailed(f"{name}: {str(error) or type(error).__name__}") from error
