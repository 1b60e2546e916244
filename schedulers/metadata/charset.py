"""In which encoding is a page? As browsers find it (html.spec.whatwg.org, "determining the character encoding").

The byte order mark, the transport's charset, what the first 1024 bytes declare, what the head declares later, and for a
page that says nothing Firefox's detector (chardetng). `decode` then goes further than browsers: where the declared
encoding does not fit the bytes and another does, the other is taken.

Never an exception, whatever the bytes.
"""

import re
from functools import lru_cache
from types import MappingProxyType

from chardetng_py import EncodingDetector  # type: ignore[import-untyped]

from schedulers.metadata.charset_decoders import Damaged, is_utf_8, leniently, strictly
from schedulers.metadata.charset_names import (
    ISO_2022_JP,
    REPLACEMENT,
    UTF_8,
    UTF_16_BE,
    UTF_16_LE,
    WINDOWS_1252,
    name_of,
)
from schedulers.metadata.charset_prescan import declared_first, declared_later, in_content_type

DETECTED = 1 << 17
"""Bytes that the detector reads, from shortly before the first that is not ASCII: 13 ms at most."""

ENOUGH = 4
"""Multi-byte characters of UTF-8 that outweigh another declaration: two bytes of Chinese or Cyrillic form one at times.
Against a declaration of windows-1252 one is enough, for there it is an accented capital and a mark behind it (`Ã©`)."""

_MARKS = ((b"\xef\xbb\xbf", UTF_8), (b"\xfe\xff", UTF_16_BE), (b"\xff\xfe", UTF_16_LE))
_GUESSES = MappingProxyType({"cp874": "windows-874", "gb18030": "GBK", "big5hkscs": "Big5", "cp866": "IBM866"})
"""Where the detector's package gives the name of Python's codec for what chardetng found."""

_WIDE_MARKUP = MappingProxyType(
    {
        UTF_16_LE: re.compile(rb"(?:[\t\n\r ]\0)*+<\0[!?A-Za-z]\0"),
        UTF_16_BE: re.compile(rb"(?:\0[\t\n\r ])*+\0<\0[!?A-Za-z]"),
    }
)
"""How a page of UTF-16 begins: with a tag, in which every other byte is zero."""

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_ESCAPED_JAPANESE = re.compile(rb"\x1b(?:\$[@B]|\([JI])")
"""The shifts of ISO-2022-JP, which is made of ASCII bytes alone."""


def sniff_encoding(body: bytes, content_type: str | None = None) -> str:
    """The encoding of `body`, by the name of the Encoding Standard: `UTF-8`, `windows-1252`, `Shift_JIS` …

    `content_type` is the header it came with. Never raises.
    """
    return (
        _mark(body)  # the bytes themselves: beats everything else
        or (_transport(content_type) if content_type else None)  # who served it was told by whom it belongs to
        or declared_first(body)  # where the standard wants it
        or declared_later(body)  # where many pages have it all the same
        or _detected(body)  # last: a guess
    )


def decode(body: bytes, content_type: str | None = None) -> tuple[str, str]:
    """The text without its byte order mark, and the encoding it was read in: the sniffed one, if that fits."""
    if b"\0" in body[:2] and (wide := _unmarked_utf_16(body)):
        return wide
    return _decoded(body, sniff_encoding(body, content_type))


def _decoded(body: bytes, encoding: str) -> tuple[str, str]:
    """In the sniffed encoding where that fits, else in another."""
    if encoding == UTF_8:
        try:
            return body.decode("utf-8").removeprefix("\ufeff"), UTF_8
        except UnicodeDecodeError:
            return _best(body, UTF_8)
    if _mark(body) is None and _is_rather_utf_8(body, encoding):
        return body.decode("utf-8", "ignore"), UTF_8
    text = strictly(body, encoding)
    return (text.removeprefix("\ufeff"), encoding) if text is not None else _best(body, encoding)


def as_utf_8(body: bytes, content_type: str | None = None) -> tuple[bytes, str]:
    """For a parser of UTF-8: the body as it is where it is UTF-8, otherwise its text in UTF-8; and its encoding."""
    if b"\0" in body[:2] and (wide := _unmarked_utf_16(body)):
        text, encoding = wide
    elif (sniffed := sniff_encoding(body, content_type)) == UTF_8 and is_utf_8(body):
        return body, UTF_8
    else:
        text, encoding = _decoded(body, sniffed)
    return (body if encoding == UTF_8 else text.encode("utf-8", "replace")), encoding


def rule_of(body: bytes, content_type: str | None, encoding: str) -> str:
    """Which rule gave `encoding`, what `body` was read in; for the provenance."""
    if _mark(body) == encoding:
        return "byte-order-mark"
    if content_type and _transport(content_type) == encoding:
        return "header:content-type"
    return "meta:charset" if b"charset" in body[:1024].lower() and declared_first(body) == encoding else "bytes"


def _mark(body: bytes) -> str | None:
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name
    return None


@lru_cache(maxsize=256)
def _transport(content_type: str) -> str | None:
    return in_content_type(content_type)


def _unmarked_utf_16(body: bytes) -> tuple[str, str] | None:
    """Browsers read a page of UTF-16 that has no mark as if its zero bytes were text; no page means that."""
    for name, markup in _WIDE_MARKUP.items():
        if markup.match(body) and (text := strictly(body, name)) is not None:
            return text, name
    return None


def _detected(body: bytes) -> str:
    if body.isascii():
        return ISO_2022_JP if _ESCAPED_JAPANESE.search(body) else WINDOWS_1252
    if strictly(body, UTF_8) is not None or (damaged := leniently(body, UTF_8)).slightly:
        return UTF_8
    guess = _guessed(body)
    return UTF_8 if damaged.partly and guess == WINDOWS_1252 else guess


def _guessed(body: bytes) -> str:
    """By how often which bytes follow one another in which language. UTF-8 was ruled out before."""
    first = _NOT_ASCII.search(body)
    start = max(0, first.start() - 1024) if first else 0
    detector = EncodingDetector()
    detector.feed(body[start : start + DETECTED], last=True)
    guess = detector.guess(tld=None, allow_utf8=False)
    name = _GUESSES.get(guess) or name_of(guess) or WINDOWS_1252
    # The detector means either alphabet; where no byte tells them apart, the one of far more pages is named.
    return "KOI8-R" if name == "KOI8-U" and strictly(body, "KOI8-R") == strictly(body, name) else name


def _is_rather_utf_8(body: bytes, encoding: str) -> bool:
    """Is another declaration wrong? UTF-16 without a zero byte is no text of any alphabet; much valid UTF-8 is no
    accident."""
    if encoding in (UTF_16_BE, UTF_16_LE):
        return b"\0" not in body and strictly(body, UTF_8) is not None
    if body.isascii() or (text := strictly(body, UTF_8)) is None:
        return False
    enough = 1 if encoding == WINDOWS_1252 else ENOUGH
    return len(body) - len(text) >= enough and leniently(body, UTF_8).good >= enough


def _best(body: bytes, encoding: str) -> tuple[str, str]:
    """Of a body that `encoding` does not fit: the encoding all the same where hardly anything is broken, else one that
    fits, else the least broken text."""
    texts: dict[str, Damaged] = {}
    guess = _guessed(body)
    for name in dict.fromkeys((encoding, UTF_8, guess)):
        text = None if name == REPLACEMENT else strictly(body, name)
        if text is not None:
            return text.removeprefix("\ufeff"), name
        texts[name] = leniently(body, name)
        if texts[name].slightly or (name == encoding == UTF_8 and texts[name].outweighs(guess)):
            return texts[name].text.removeprefix("\ufeff"), name
    name = min(texts, key=lambda one: texts[one].bad - texts[one].good)
    return texts[name].text.removeprefix("\ufeff"), name
