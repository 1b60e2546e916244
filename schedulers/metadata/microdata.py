"""Microdata (`itemscope`, `itemprop`) as far as previews need it: properties of the page's main item.

Reached through `Page.microdata`, by rules that are asked last. Its one rule: a property counts for the innermost item
around it, so that the publisher's name is not taken for the article's.
"""

from functools import cached_property

from selectolax.lexbor import LexborHTMLParser, LexborNode

from schedulers.metadata.schema_types import ARTICLE_TYPES, PAGE_TYPES, SUBJECT_TYPES

CANDIDATES = 500
_PER_PROPERTY = 40
_LEVELS = 60
_TYPES = ARTICLE_TYPES | SUBJECT_TYPES | PAGE_TYPES
_ADDRESSES = {"a": "href", "link": "href", "img": "src", "source": "src", "video": "src", "iframe": "src"}


class Microdata:
    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree

    @cached_property
    def _nodes(self) -> dict[str, list[LexborNode]]:
        """Property → the elements that bear it, from one query for all of them."""
        found: dict[str, list[LexborNode]] = {}
        for node in self._tree.css("[itemprop]")[:CANDIDATES]:
            for name in (node.attributes["itemprop"] or "").split():
                found.setdefault(name, []).append(node)
        return found

    def text(self, name: str) -> str | None:
        """The first value of a property of the page's item; of one outside any item too (templates forget it)."""
        for node in self._nodes.get(name, ())[:_PER_PROPERTY]:
            if _belongs(node) and (text := value(node)):
                return text
        return None

    @property
    def author(self) -> str | None:
        """The author's name: the name of the item where the author is one, else the property's own value."""
        for node in (*self._nodes.get("author", ()), *self._nodes.get("creator", ()))[:_PER_PROPERTY]:
            if not _belongs(node):
                continue
            names = node.css('[itemprop~="name"]')[:1] if "itemscope" in node.attributes else []
            if text := value(names[0] if names else node):
                return text
        return None


def value(node: LexborNode) -> str | None:
    """The value of a property by the kind of element that holds it (HTML Standard, 5.2.4)."""
    attributes = node.attributes
    content = attributes.get("content") or attributes.get("datetime")
    if content:
        return content
    if (attribute := _ADDRESSES.get(node.tag or "")) and attribute != "href":
        return attributes.get(attribute)
    return node.text()[:5_000].strip() or attributes.get("href") or None


def _belongs(node: LexborNode) -> bool:
    one = node.parent
    for _ in range(_LEVELS):
        if one is None or one.tag == "html":
            return True
        attributes = one.attributes
        if "itemscope" in attributes:
            kind = attributes.get("itemtype") or ""
            return "itemprop" not in attributes and kind.rstrip("/").rsplit("/", 1)[-1] in _TYPES
        one = one.parent
    return False
