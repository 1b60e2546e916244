"""How long a text takes to read, and whether it is still the same text."""

import hashlib
import math
import re
from typing import NamedTuple

# Silent reading of English, the mean of 190 studies: Brysbaert 2019, doi:10.1016/j.jml.2019.104047.
WORDS_PER_MINUTE = 238
# Chinese and Japanese part no words; the rate of characters that Medium published for its estimate.
IDEOGRAPHS_PER_MINUTE = 500

_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
# English quotes and dashes stay far below this many bytes a character, Chinese text is near three.
_WIDE = 1.3
_STENCIL = bytes(32 if chr(byte).isspace() and byte < 128 else 120 for byte in range(256))


class Reading(NamedTuple):
    """`words` counts an ideograph as a word; `minutes` is at least one; `digest` is SHA-256 of title and text."""

    words: int | None
    minutes: int | None
    digest: str


# Bytes in which words are counted exactly.
COUNTED = 2_048
_SPACES = b" \t\n\r\f\v\x1c\x1d\x1e\x1f"


def measure(title: str | None, text: str) -> Reading:
    """Unlike a hash of the bytes, the digest does not change with every token and counter of the page."""
    encoded = b"\n" + text.encode("utf-8", "replace")
    spaced = _words(encoded)
    ideographs = len(_IDEOGRAPH.findall(text)) if len(encoded) > _WIDE * len(text) else 0
    minutes = math.ceil(spaced / WORDS_PER_MINUTE + ideographs / IDEOGRAPHS_PER_MINUTE)
    digest = hashlib.sha256((title or "").encode("utf-8", "replace"))
    digest.update(encoded)
    return Reading(spaced + ideographs or None, minutes or None, digest.hexdigest())


def _words(encoded: bytes) -> int:
    """Every word begins after a space: counted on a stencil of the text this takes a third of splitting it.

    Pairs of characters cost three times as much to count as single ones, so that the rest of a long text whose
    beginning parts words by one space each is taken to do so too.
    """
    beginning = encoded[:COUNTED]
    words = beginning.translate(_STENCIL).count(b" x")
    if len(encoded) <= COUNTED:
        return words
    if words == _words_parted_by_one_space(beginning):
        return _words_parted_by_one_space(encoded)
    return encoded.translate(_STENCIL).count(b" x")


def _words_parted_by_one_space(encoded: bytes) -> int:
    return len(encoded) - len(encoded.translate(None, _SPACES)) - encoded[-1:].isspace()
