"""Takes out tags that have too many attributes, each of which lexbor compares with all before it.

For `guard` alone. Where a tag ends depends on the quotes that are open, and so on every comment, script and tag before
it; to follow them all would cost a page more than its parse. This looks for proof instead. A `>` ends a tag, or stands
outside of any, unless a quote before it opened a value; and a quote opens a value only behind `=` and spaces (HTML
standard, 13.2.5.37). So a `>` is sure where neither the last `"` nor the last `'` before it stands behind a `=`, and no
tag reaches over a sure `>`. Pages have one in nearly every block. Only where a block has none is each `<` that may have
begun a tag there read as one, whatever it is.
"""

import re
from collections.abc import Iterator
from itertools import islice

# Attributes of one tag; others have a dozen. Lexbor takes a millisecond for so many.
ATTRIBUTES = 500
# A tag of fewer bytes than two blocks is not looked at: 64 KB of such tags take lexbor 37 ms.
BLOCK = 2_048
# `<html>` and `<body>` hand their attributes on to the first of their kind.
ROOTS = 10
# How many `>` of a block are tried, and how often a page is looked through again.
_TRIES, _ROUNDS = 8, 5
# Bytes of what may be tags that are read for each byte of the page; more of them lie over one another in no page.
_READ = 16
# Spaces between a `=` and its value beyond which the value counts as opened.
_GAP = 16
_SPACES = b" \t\n\r\f"
_EQUALS = ord("=")

_NAME = re.compile(rb"<[a-zA-Z][^ \t\n\r\f/>]*+")
_ATTRIBUTE = (
    rb"[ \t\n\r\f/]*+[^ \t\n\r\f/>][^ \t\n\r\f/>=]*+"
    rb"(?:[ \t\n\r\f]*+=[ \t\n\r\f]*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\r\f>\"'][^ \t\n\r\f>]*+)?+)?+"
)
_ENOUGH = re.compile(b"(?:%b){0,%d}+" % (_ATTRIBUTE, ATTRIBUTES))
_REST = re.compile(b"(?:%b)++[^>]*+>?" % _ATTRIBUTE)
_ROOT = re.compile(rb"<[bBhH][oOtT][dDmM][yYlL]")


def without_endless_tags(source: bytes) -> bytes:
    """`source` without them. One with very many, or with what may be one and cannot be told soon, is cut there."""
    for _ in range(_ROUNDS):
        if (found := _first(source)) is None:
            return _with_few_roots(source)
        # Without the space `<` and what stands behind the tag would be a new one.
        source = source[: found[0]] + b" " + source[found[1] :]
    found = _first(source)
    return _with_few_roots(source if found is None else source[: found[0]])


def _first(source: bytes) -> tuple[int, int] | None:
    """Where the first begins and ends."""
    left = _READ * (len(source) + BLOCK)
    read = 0
    for begin, end in _unsure(source):
        read = max(begin, read)
        while opened := _NAME.search(source, read, end + 1):
            # The name may reach over the block. Another `<` in it would have the same attributes.
            read = _NAME.match(source, opened.start()).end()  # type: ignore[union-attr]
            behind = _ENOUGH.match(source, read).end()  # type: ignore[union-attr]
            if rest := _REST.match(source, behind):
                return opened.start(), rest.end()
            left -= behind - opened.start()
            if left < 0:
                return begin, len(source)
        read = max(read, end)
    return None


def _unsure(source: bytes) -> Iterator[tuple[int, int]]:
    """For each block without a sure `>`: where the last one before it stands, and where the block ends."""
    sure = double = single = 0
    for start in range(0, len(source), BLOCK):
        at, end, tries = start - 1, start + BLOCK, _TRIES
        while (at := source.find(b">", at + 1, end)) >= 0 and tries:
            if (found := source.rfind(b'"', double, at)) >= 0:
                double = found
            if (found := source.rfind(b"'", single, at)) >= 0:
                single = found
            if source[double - 1] > _EQUALS < source[single - 1] or not (
                _may_open(source, double) or _may_open(source, single)
            ):
                sure = at
                break
            tries -= 1
        else:
            yield sure, end


def _may_open(source: bytes, quote: int) -> bool:
    """Whether the quote at this place may open the value of an attribute."""
    if quote < 1:
        return False
    before = source[quote - 1]
    if before not in _SPACES:
        return before == _EQUALS
    gap = source[max(0, quote - _GAP) : quote].rstrip(_SPACES)
    return gap.endswith(b"=") or (not gap and quote > _GAP)


def _with_few_roots(source: bytes) -> bytes:
    if len(_ROOT.findall(source)) <= ROOTS:
        return source
    return source[: next(islice(_ROOT.finditer(source), ROOTS, None)).start()]
