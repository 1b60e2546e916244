"""Cuts the input before the parser where its shape would take quadratic time or much memory: too deep, too many tags,
endless attributes, or formatting that is opened again in every block.

Called by `html` before every parse. lexbor walks the open elements for each new block and the attributes for each new
attribute, and opens in each block what formatting was left open before it, as the standard asks: 100,000 nested `<div>`
took it 10 s, 20,000 attributes of one tag 0.6 s, 2,000 times `<div><b id=…></div>` 2.4 s. A page with few tags pays a
count and the search of `endless_tags`; one with more is scanned.
"""

import re

from schedulers.metadata.endless_tags import without_endless_tags

# What one document may be; the rest of a larger one is not read. The largest article page of the corpora has 0.3 MB.
SIZE = 5_000_000
# Chromium stops nesting at 512 (kMaximumHTMLParserDOMTreeDepth).
DEPTH = 512
# Fewer tags than this take lexbor 16 ms at most, however they nest; walking over them here would cost every page more.
FEW_TAGS = 3_000
# Up to so many tags cannot open formatting again too often: of them some open formatting and the others are the blocks,
# whose product is largest where both are one half (1,095² is `MOST_REOPENED`).
FEW_BLOCKS = 2_190
# Each element takes some 300 bytes; pages of more than 20,000 are books and lists.
MOST_TAGS = 30_000
# Elements that formatting may make, were all of it opened again in each block.
MOST_REOPENED = 1_200_000
# A page of so many bytes is quick to parse whatever it holds.
_SMALL = 8_192

_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_NAMES = (b"b", b"i", b"s", b"u", b"big", b"code", b"em", b"font", b"nobr", b"small", b"strike", b"strong", b"tt")
# Either case is written out, and the first letters are one class: a page has thousands of tags, and most end there.
_REST = b"|".join(b"".join(b"[%c%c]" % (byte, byte - 32) for byte in name[1:]) for name in _NAMES if len(name) > 1)
_LONGEST_KIND = 300
_FORMATTING = re.compile(
    rb"<[bisuBISU][\s/][^>]{0,%d}|<[bcefnstBCEFNST](?:%b)[\s/][^>]{0,%d}" % (_LONGEST_KIND, _REST, _LONGEST_KIND)
)
_ATTRIBUTES_OF_FORMATTING = re.compile(rb"(<(?:%b))[\s/][^>]*+" % b"|".join(_NAMES), re.IGNORECASE)
# The standard keeps three of each kind and attributes open ("Noah's Ark clause"); and the kinds without attributes.
_ALIKE, _KINDS = 3, len(_NAMES)
# Elements that have no content, or that another of their kind ends.
_FLAT = frozenset(
    b"""
    area base br col embed hr img input link meta param source track wbr frame keygen
    p option optgroup tr td th thead tbody tfoot colgroup caption html head body title script style
    """.split()
)
# An item ends the one before it of its kind, and nests in one of another.
_ITEMS = {b"li": b"li", b"dt": b"dd", b"dd": b"dd"}


def bounded(source: bytes, tags: int | None = None) -> bytes:
    """`source`, cut where it nests too deep, without tags that have too many attributes. `tags`: how many `<` it holds,
    where that was counted."""
    if len(source) > SIZE:
        source = source[:SIZE]
    if len(source) <= _SMALL:
        return source
    if tags is None:
        tags = tags_of(source)
    if tags > MOST_TAGS:
        source = source[: _too_many(source)]
    if tags > FEW_TAGS:
        source = source[: _too_deep(source)]
    if tags > FEW_BLOCKS and _ALIKE * _kinds(source) * min(tags, MOST_TAGS) > MOST_REOPENED:
        source = _ATTRIBUTES_OF_FORMATTING.sub(rb"\1", source)
    return without_endless_tags(source)


def tags_of(source: bytes) -> int:
    """How many `<` it holds. Taking them out is twice as fast as counting them: it looks for each, not at each byte."""
    return len(source) - len(source.replace(b"<", b""))


def _kinds(source: bytes) -> int:
    """How many kinds of formatting there may be: those without attributes, and each with its own. A tag so long that it
    was not read whole is a kind of its own."""
    found = _FORMATTING.findall(source)
    return _KINDS + len(set(found)) + sum(len(tag) > _LONGEST_KIND for tag in found)


def _too_many(source: bytes) -> int:
    """Where, to a block, the number of tags passes the limit."""
    tags = 0
    for start in range(0, len(source), _SMALL):
        tags += source.count(b"<", start, start + _SMALL)
        if tags > MOST_TAGS:
            return start
    return len(source)


def _too_deep(source: bytes) -> int:
    """Where the nesting passes the limit. An end tag of what is not open ends nothing. `<b` in a script counts too."""
    depth = 0
    opened: dict[bytes, int] = {}
    items: dict[int, bytes] = {}  # the kind of the last item at each depth
    for match in _TAG.finditer(source):
        slash, name = match.groups()
        name = name.lower()
        if name in _FLAT:
            continue
        if item := _ITEMS.get(name):
            if not slash and items.setdefault(depth, item) != item:
                depth += 1
                items[depth] = item
        elif not slash:
            depth += 1
            items.pop(depth, None)
            opened[name] = opened.get(name, 0) + 1
        elif opened.get(name):
            opened[name] -= 1
            depth -= 1
        if depth > DEPTH:
            return match.start()
    return len(source)
