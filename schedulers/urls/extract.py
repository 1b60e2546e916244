"""Which URLs stand in a text? twitter-text's rules, by the library twitter-text-parser, in linear time.

The library's patterns take quadratic time on long runs without a space, so a text is cut at white space, which no URL
contains; pieces that cannot hold a URL are passed over, and what is longer than any URL may be is looked at in parts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from twitter_text.extract_urls import extract_urls_with_indices

from schedulers.urls.special_use import special_use_urls

LONGEST_PIECE = 5_000
"""Characters; twitter-text's longest URL has 4,096."""

_PIECES = re.compile(r"\S+")
_A_DOT_BETWEEN = re.compile(r"[^\W_]\.\w|[^\W_]\.$|\w\u3002")
"""Without a dot behind a letter or digit there is no domain."""
_RUNS = re.compile(r"([^\w\s])\1{16,}")
"""A run of one punctuation mark is no part of a URL that anybody shares, and what the patterns stumble over."""


@dataclass(frozen=True, slots=True)
class ExtractedUrl:
    """`url` as written; `start` and `end` count code points."""

    url: str
    start: int
    end: int


def extract_urls(text: str) -> list[ExtractedUrl]:
    """Every URL, in order. Scheme-less hosts too, where their top-level domain exists."""
    if "." not in text:
        return []
    found = []
    for offset, piece in _pieces(text):
        for one in extract_urls_with_indices(piece):
            start, end = one["indices"]
            found.append(ExtractedUrl(one["url"], offset + start, offset + end))
    return _merged(found, [ExtractedUrl(*one) for one in special_use_urls(text)])


def _merged(found: list[ExtractedUrl], special: list[ExtractedUrl]) -> list[ExtractedUrl]:
    """In the order of the text; a special-use URL beats what was found inside it."""
    if not special:
        return found
    outside = [one for one in found if not any(two.start <= one.start < two.end for two in special)]
    return sorted([*outside, *special], key=lambda one: one.start)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Pieces that may hold a URL, and where they begin."""
    for match in _PIECES.finditer(text):
        piece = match[0]
        if "." not in piece or not _A_DOT_BETWEEN.search(piece):
            continue
        if len(piece) <= LONGEST_PIECE:
            yield match.start(), piece
            continue
        for start in range(0, len(piece), LONGEST_PIECE):
            yield match.start() + start, _RUNS.sub(lambda run: " " * len(run[0]), piece[start : start + LONGEST_PIECE])
