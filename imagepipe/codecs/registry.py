"""The codecs at hand, in the order in which they are asked whether they recognise a picture.

One's own codec is installed as an entry point of the group `imagepipe.codecs` (a class or a function that gives a
`Codec`); under a built-in's name it takes its place. Found ones stand first.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import cast

from imagepipe.codecs.avif import Avif
from imagepipe.codecs.bmp import Bmp
from imagepipe.codecs.codec import Codec
from imagepipe.codecs.gif import Gif
from imagepipe.codecs.ico import Ico
from imagepipe.codecs.jpeg import Jpeg
from imagepipe.codecs.jpeg2000 import Jpeg2000
from imagepipe.codecs.png import Png
from imagepipe.codecs.webp import WebP
from imagepipe.errors import UnsupportedFormat

ENTRY_POINTS = "imagepipe.codecs"


class Codecs:
    """An ordered set of codecs. Immutable: adding one gives a new set."""

    def __init__(self, codecs: Iterable[Codec]) -> None:
        self._by_name: dict[str, Codec] = {}
        for codec in codecs:
            self._by_name.setdefault(codec.name, codec)

    def __iter__(self) -> Iterator[Codec]:
        return iter(self._by_name.values())

    def with_codec(self, codec: Codec) -> "Codecs":
        """A set in which this codec is asked first, and stands in for one of its name."""
        return Codecs((codec, *self))

    def only(self, names: Iterable[str]) -> "Codecs":
        """The set without the codecs that are not named."""
        wanted = set(names)
        return Codecs(codec for codec in self if codec.name in wanted)

    def recognise(self, data: bytes) -> Codec:
        """The codec whose bytes these are; a header or a file's name does not count. Raises `UnsupportedFormat`."""
        head = data[:64]
        for codec in self:
            if codec.recognises(head):
                return codec
        raise UnsupportedFormat("the bytes are of no picture format that is read here")

    def writer(self, name: str) -> Codec:
        """The codec that writes that format. Raises `UnsupportedFormat`."""
        codec = self._by_name.get(name)
        if codec is None or not codec.can_write:
            raise UnsupportedFormat(f"{name!r} cannot be written; known: {', '.join(self.writable)}")
        return codec

    @property
    def writable(self) -> tuple[str, ...]:
        return tuple(codec.name for codec in self if codec.can_write)


def built_in() -> Codecs:
    """The codecs that come with this package, most frequent first."""
    return Codecs((Jpeg(), Png(), WebP(), Gif(), Avif(), Jpeg2000(), Bmp(), Ico()))


@cache
def installed() -> Codecs:
    """The built-in ones and those that other packages registered. Looked up once, at first use."""
    codecs = built_in()
    for point in entry_points(group=ENTRY_POINTS):
        make = cast("Callable[[], Codec]", point.load())
        codecs = codecs.with_codec(make())
    return codecs
