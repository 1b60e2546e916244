"""The border to the decoders: whatever a codec raises leaves as an `ImageError` with the original as its cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from imagepipe.errors import BrokenPicture, EncodeFailed, ImageError, PictureTooLarge


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
