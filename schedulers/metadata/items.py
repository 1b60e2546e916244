"""What markup says by its attributes: microdata (`itemscope`, `itemprop`) and RDFa (`typeof`, `property`), as far as
previews need them, which is the properties of the page's main item.

Reached through `HtmlPage.items`, by rules that are asked last. A property counts for the innermost item around it,
so that the publisher's name is not taken for the article's.
"""

from functools import cached_property, lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from schedulers.metadata.schema_types import ARTICLE_TYPES, DOCUMENT_TYPES, PAGE_TYPES, SUBJECT_TYPES

CANDIDATES = 500
_PER_PROPERTY = 40
_LEVELS = 60
_NAME_LIMIT = 100
_TYPES = ARTICLE_TYPES | SUBJECT_TYPES | PAGE_TYPES | DOCUMENT_TYPES
_ADDRESSES = {"a": "href", "link": "href", "img": "src", "source": "src", "video": "src", "iframe": "src"}


class Syntax(NamedTuple):
    """The attributes that name a property, begin an item, and give its type."""

    property: str
    scope: str
    type: str


MICRODATA = Syntax("itemprop", "itemscope", "itemtype")
RDFA = Syntax("property", "typeof", "typeof")

# Names of Dublin Core and SIOC, which Drupal and others write, in schema.org's words.
_SAME_AS = {
    "title": "headline",
    "creator": "author",
    "has_creator": "author",
    "created": "datePublished",
    "issued": "datePublished",
    "date": "datePublished",
    "modified": "dateModified",
    "abstract": "description",
}
_OWN = ("schema", "http://schema.org", "https://schema.org")
_DUBLIN = ("dc", "dct", "dcterms", "sioc", "http://purl.org/dc/terms", "http://purl.org/dc/elements/1.1")


class Items:
    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree

    def _nodes(self, syntax: Syntax) -> dict[str, list[LexborNode]]:
        """Property → the elements that bear it, from one query for all of them."""
        return self._microdata if syntax is MICRODATA else self._rdfa

    @cached_property
    def _microdata(self) -> dict[str, list[LexborNode]]:
        found: dict[str, list[LexborNode]] = {}
        for node in self._tree.css("[itemprop]")[:CANDIDATES]:
            for name in (node.attributes["itemprop"] or "").split():
                found.setdefault(name, []).append(node)
        return found

    @cached_property
    def _rdfa(self) -> dict[str, list[LexborNode]]:
        """Not of the head: what has a property there is OpenGraph's, and read already."""
        found: dict[str, list[LexborNode]] = {}
        body = self._tree.body
        for node in body.css("[property]")[:CANDIDATES] if body is not None else ():
            for term in (node.attributes["property"] or "").split():
                if (name := _schema_name(term[:_NAME_LIMIT])) is not None:
                    found.setdefault(name, []).append(node)
        return found

    def text(self, name: str, syntax: Syntax = MICRODATA) -> str | None:
        """The first value of a property of the page's item; of one outside any item too (templates forget it)."""
        for node in self._nodes(syntax).get(name, ())[:_PER_PROPERTY]:
            if _belongs(node, syntax) and (text := value(node)):
                return text
        return None

    def author(self, syntax: Syntax = MICRODATA) -> str | None:
        """The author's name: the name of the item where the author is one, else the property's own value."""
        nodes = self._nodes(syntax)
        for node in (*nodes.get("author", ()), *nodes.get("creator", ()))[:_PER_PROPERTY]:
            if not _belongs(node, syntax):
                continue
            names = node.css(f'[{syntax.property}~="name"],[{syntax.property}~="schema:name"]')[:1]
            if text := value(names[0] if names and syntax.scope in node.attributes else node):
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
    return node.text()[:5_000].strip() or attributes.get("resource") or attributes.get("href") or None


@lru_cache(maxsize=512)
def _schema_name(term: str) -> str | None:
    """The name in schema.org of `headline`, `schema:headline`, `dc:title` …; None for a term of another vocabulary."""
    vocabulary, colon, name = term.rpartition("/" if "//" in term else ":")
    if not colon or vocabulary in _OWN:
        return name
    return _SAME_AS.get(name, name) if vocabulary in _DUBLIN else None


def _belongs(node: LexborNode, syntax: Syntax) -> bool:
    one = node.parent
    for _ in range(_LEVELS):
        if one is None or one.tag == "html":
            return True
        attributes = one.attributes
        if syntax.scope in attributes:
            kinds = (attributes.get(syntax.type) or "").split()
            names = {kind.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] for kind in kinds}
            return syntax.property not in attributes and not _TYPES.isdisjoint(names)
        one = one.parent
    return False
