"""A cap on how many blocks of a file (chunks, segments, sub-blocks) are walked. Pure.

Walking is Python, some 0.4 µs a block: a file of 32 MiB that consists of empty blocks would hold a worker, and with it
the interpreter's lock, for seconds. Real files have a few hundred; one whose pixels are cut into pieces has some
thousand.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from imagepipe.errors import PictureTooLarge

T = TypeVar("T")

MAX_BLOCKS = 20_000


def bounded(blocks: Iterable[T], most: int = MAX_BLOCKS) -> Iterator[T]:
    """The same blocks; `PictureTooLarge` where one more than `most` comes."""
    for number, block in enumerate(blocks):
        if number >= most:
            raise PictureTooLarge(f"more than {most} blocks")
        yield block
