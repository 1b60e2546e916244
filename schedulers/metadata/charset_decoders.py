"""From bytes to text by the name of an encoding: strictly, or with replacement characters that are counted.

For `charset.py` alone. Python's single-byte codecs leave bytes undefined that the Encoding Standard maps to control
characters (0x81 in windows-1252), so their tables are completed here.
"""

import codecs
import re
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from schedulers.metadata.charset_names import CODECS, REPLACEMENT, SINGLE_BYTE, USER_DEFINED, UTF_8, WINDOWS_1252

_UNDEFINED = "\ufffe"
"""What a charmap table of Python holds where a byte means nothing."""

_CHANGED = MappingProxyType({"KOI8-U": {0xAE: "ў", 0xBE: "Ў"}, "windows-1255": {0xCA: "\u05ba"}})
"""Where the standard's index and Python's table differ: encoding.spec.whatwg.org, index-koi8-u, index-windows-1255."""


_STRAY = 3
"""Quotes and dashes of windows-1252 that a pasted text leaves, for each character of UTF-8."""

_PAIR = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
"""A character outside the first plane as two surrogates, each in three bytes: what old databases give for an emoji."""

_PIECE = 1 << 14
"""Bytes that fit into the processor's first cache, with their text."""


class Damaged(NamedTuple):
    """A text with `bad` replacement characters among `good` others that are not ASCII."""

    text: str
    good: int
    bad: int

    @property
    def slightly(self) -> bool:
        """Bytes of one encoding seldom form characters of another: where most do, the rest was broken on its way."""
        return self.good > 2 * self.bad

    @property
    def partly(self) -> bool:
        """Enough for a page that says itself that it is UTF-8: chance seldom forms even one character of that."""
        return self.good > 0 and self.good >= self.bad

    def outweighs(self, guess: str) -> bool:
        """Enough for a page that says itself that it is UTF-8, where the bytes alone look like `guess`."""
        return self.partly or (guess == WINDOWS_1252 and self.bad <= _STRAY * self.good)


def is_utf_8(body: bytes) -> bool:
    """Whether every byte has a meaning in UTF-8. In pieces, because the text of the whole would take twice the page's
    memory, and is not wanted."""
    if body.isascii():
        return True
    at, end = 0, len(body)
    try:
        while at < end:
            at += codecs.utf_8_decode(body[at : at + _PIECE], "strict", at + _PIECE >= end)[1]
    except UnicodeDecodeError:
        return False
    return True


def strictly(body: bytes, encoding: str) -> str | None:
    """The text, if every byte has a meaning; a character that the end of `body` cuts in two is left out, if there are
    others before it that speak for the encoding."""
    if encoding in SINGLE_BYTE or encoding == USER_DEFINED:
        return _charmap(body, encoding)
    for codec in CODECS.get(encoding, ()):
        text = _strictly_by(codec, body)
        if text is not None:
            return text
    return None


def leniently(body: bytes, encoding: str) -> Damaged:
    """The text with U+FFFD for each part that has no meaning."""
    if encoding in SINGLE_BYTE or encoding == USER_DEFINED:
        text = codecs.charmap_decode(body, "strict", _lenient_table(encoding))[0]
    elif encoding == REPLACEMENT:
        text = "\ufffd"
    else:
        if encoding == UTF_8 and b"\xed" in body:
            body = _PAIR.sub(_joined, body)
        text = min((body.decode(codec, "replace") for codec in CODECS[encoding]), key=lambda one: one.count("\ufffd"))
    bad = text.count("\ufffd")
    return Damaged(text, len(text) - len(text.encode("ascii", "ignore")) - bad, bad)


def _joined(pair: re.Match[bytes]) -> bytes:
    return pair.group().decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _strictly_by(codec: str, body: bytes) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        if len(body) - error.start > 4:
            return None
    try:
        text = codecs.getincrementaldecoder(codec)().decode(body, final=False)
    except UnicodeDecodeError:
        return None
    return None if text.isascii() else text


def _charmap(body: bytes, encoding: str) -> str | None:
    try:
        return codecs.charmap_decode(body, "strict", _table(encoding))[0]
    except UnicodeDecodeError:
        return None


@cache
def _table(encoding: str) -> str:
    """The character of each of the 256 bytes."""
    if encoding == USER_DEFINED:
        return "".join(chr(byte if byte < 0x80 else 0xF700 + byte) for byte in range(256))
    changed = _CHANGED.get(encoding, {})
    return "".join(changed.get(byte) or _character(byte, SINGLE_BYTE[encoding]) for byte in range(256))


@cache
def _lenient_table(encoding: str) -> str:
    """As `_table`, U+FFFD where a byte means nothing: an error handler would be called for each, in one long call."""
    return _table(encoding).replace(_UNDEFINED, "\ufffd")


def _character(byte: int, codec: str) -> str:
    try:
        return bytes((byte,)).decode(codec)
    except UnicodeDecodeError:
        return chr(byte) if byte < 0xA0 else _UNDEFINED
