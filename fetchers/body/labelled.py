"""What a body is really encoded with, where its `Content-Encoding` says something else. Pure; a stage of `decoding.py`.

Servers say gzip of what a proxy has unpacked, or call zlib's data gzip and gzip's deflate. Compressed data has a mark
at its beginning or looks like no text, so the first bytes tell.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from fetchers.body.inflate import GZIP_MAGIC, is_zlib
from fetchers.media_type import BINARY, is_binary, sniffed_type

ENOUGH = 64
"""So many bytes of text are no accident of a compression."""
LEAST = 12
"""No fewer bytes are judged: the longest mark of the types that are told apart here."""
SHORTEST_BROTLI = 4
"""Brotli has no mark, and nothing at all is a semicolon in it."""
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
MARKS = ((GZIP_MAGIC, "gzip"), (ZSTD_MAGIC, "zstd"))
BEARS_MARK = frozenset({"gzip", "x-gzip"})
NO_WORD = frozenset({BINARY, "text/plain", "image/bmp", "image/x-icon", "application/x-gzip"})
"""Types whose marks are too short, or none."""
UTF_8_MARK = b"\xef\xbb\xbf"
PLAIN = "identity"


class Stage(Protocol):
    """One encoding, undone by and by."""

    @property
    def members(self) -> int:
        """So many gzip members or zstd frames have begun."""

    @property
    def complete(self) -> bool:
        """Whether everything that was begun is over."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds, in pieces of at most about `PIECE`, some of them empty. Raises one of `DECODE_ERRORS`."""

    def rest(self) -> Iterator[bytes]:
        """What is still held at the body's end. Raises like `pieces`."""


def coding_by_mark(start: bytes) -> str | None:
    """What a text is encoded with that came without a word of it; None where nothing says so, "" where more bytes must
    tell."""
    for magic, name in MARKS:
        if start.startswith(magic):
            return name
    return "" if any(magic.startswith(start) for magic, _ in MARKS) else None


def coding_of(start: bytes, said: str, *, is_all: bool, is_last: bool = True) -> str | None:
    """What data that begins with `start` is encoded with, which was `said` to be something; `PLAIN` for nothing.

    None where more is needed, which is never where `is_all` of it is there. With `is_last`, it is the last encoding to
    be undone; before another one, what does not bear its mark has not been done.
    """
    for magic, name in MARKS:
        if start.startswith(magic):
            return name
    if not is_all and (len(start) < LEAST or (len(start) < ENOUGH and _is_text(start))):
        return None
    if said == "br" and len(start) < SHORTEST_BROTLI:
        return said
    if _is_text(start) or sniffed_type(start) not in NO_WORD:
        return PLAIN
    if said in BEARS_MARK:
        if len(start) > 1 and is_zlib(start):
            return "deflate"
        return said if is_last else PLAIN
    return said


def _is_text(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if is_binary(start):
        return False
    if start.removeprefix(UTF_8_MARK).lstrip().startswith(b"<"):
        return True
    try:
        start[: ENOUGH * 2].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start > 0
    return True


class Labelled:
    """A stage that begins once it is clear what the data is."""

    def __init__(self, said: str, makers: Mapping[str, Callable[[], Stage]], *, is_last: bool) -> None:
        self._said = said
        self._is_last = is_last
        self._makers = makers
        self._held = b""
        self._stage: Stage | None = None

    @property
    def members(self) -> int:
        return 0 if self._stage is None else self._stage.members

    @property
    def complete(self) -> bool:
        return self._stage is None or self._stage.complete

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._stage is None:
            data = self._held + data
            coding = coding_of(data, self._said, is_all=False, is_last=self._is_last)
            if coding is None:
                self._held = data
                return
            self._held = b""
            self._begin(coding)
        assert self._stage is not None
        yield from self._stage.pieces(data)

    def rest(self) -> Iterator[bytes]:
        if self._held:
            self._begin(coding_of(self._held, self._said, is_all=True, is_last=self._is_last) or self._said)
            assert self._stage is not None
            held, self._held = self._held, b""
            yield from self._stage.pieces(held)
        if self._stage is not None:
            yield from self._stage.rest()

    def _begin(self, coding: str) -> None:
        if coding not in self._makers:
            raise ValueError(f"{coding} is not spoken here")
        self._stage = self._makers[coding]()


class Plain:
    """Data that is not encoded at all."""

    members = 0
    complete = True

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data

    def rest(self) -> Iterator[bytes]:
        return iter(())
