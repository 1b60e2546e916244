"""JSON-LD blocks as one graph: lists and graphs opened, references resolved, the page's subject found, within limits.

Read by the fields through `HtmlPage.graph`. What the page is about comes before what that mentions.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

from schedulers.metadata import json_ld_text
from schedulers.metadata.addresses import absolute
from schedulers.metadata.clean import fold
from schedulers.metadata.schema_types import (
    ARTICLE_TYPES,
    EMBEDDED_TYPES,
    PAGE_TYPES,
    PART_TYPES,
    SITE_TYPES,
    SUBJECT_TYPES,
)
from schedulers.urls import dedup_key
from schedulers.urls.canonical import is_home

TEXT_LIMIT = 5_000_000
NODES = 2_000
DEPTH = 12
_VALUES = 50
_NESTED = 3
_TYPE_LIMIT = 200
_TITLE_LIMIT = 300
_ADDRESS_LIMIT = 2_000

# Shorter ones are `the`, `of`, `on`; a word of Chinese is as long as its text.
_LEAST_WORD = 4
_NAMING = ("mainEntityOfPage", "url", "isPartOf")
# Another `@id` is a number or a name, and no address.
_ADDRESS_BEGINS = ("http:", "https:", "/", "#", "./", "../")
_SAME_SITE = re.compile(r"^(?:www|m|mobile|amp)\.")

Node = dict[str, Any]

# Only what says "this is what the page is about"; `hasPart`, `itemListElement` and the like are other pages' things.
_OPENED = ("@graph", "mainEntity", "mainEntityOfPage", "publisher", "isPartOf", "author", "image", "video", "offers")


class Graph:
    """Every node in reading order (outer before inner), and the ones that matter by kind."""

    def __init__(self, nodes: list[Node], by_id: dict[str, Node], own: "Own") -> None:
        self._typed = [(types_of(node), node) for node in nodes]
        self._by_id = by_id
        self.empty = not nodes
        self.article = self._of_page(ARTICLE_TYPES, own)
        self.subject = self.article or self._of_page(SUBJECT_TYPES, own)
        self.page = self._of_page(PAGE_TYPES, own)
        self.site = self.of(*SITE_TYPES)

    def of(self, *types: str) -> Node | None:
        """The first node of one of `types`."""
        return next((node for kinds, node in self._typed if not kinds.isdisjoint(types)), None)

    def values(self, node: Node | None, key: str) -> Iterable[Any]:
        """The values of a property, lists opened, a reference replaced by the node it names."""
        value = node.get(key) if node else None
        if value is None:
            return ()
        if isinstance(value, (list, dict)):
            return islice(self._opened(value, _NESTED), _VALUES)
        return (value,)

    def _opened(self, value: Any, levels: int) -> Iterator[Any]:
        if isinstance(value, dict) and ("@list" in value or "@set" in value):
            value = value.get("@list") or value.get("@set")
        if isinstance(value, list):
            if levels:
                for one in value[:_VALUES]:
                    yield from self._opened(one, levels - 1)
        elif isinstance(value, dict) and len(value) == 1 and "@id" in value:
            yield self._by_id.get(str(value["@id"]), value)
        elif value is not None:
            yield value

    def text(self, node: Node | None, key: str) -> str | None:
        """The first value of a property that is text, or has a name or a value that is."""
        value = node.get(key) if node else None
        if value is None or (isinstance(value, str) and value):
            return value
        for one in self.values(node, key):
            if (text := _text(one)) is not None:
                return text
        return None

    def texts(self, node: Node | None, key: str) -> list[str]:
        """Every value of a property as text; numbers as they are written."""
        return [text for one in self.values(node, key) if (text := _text(one)) is not None]

    def _of_page(self, types: frozenset[str], own: "Own") -> Node | None:
        """The node of one of `types` that describes this page: one that names it, else the only one that may be meant.

        A node that names another page is a related article or a post of a list. A picture or a review is a part of the
        page, unless it names the page as its own.
        """
        found = [(kinds, node) for kinds, node in self._typed if not kinds.isdisjoint(types)][:_VALUES]
        open_ones: list[Node] = []
        for kinds, node in found:
            named = own.is_named_by(node)
            if named:
                return node
            if named is None and kinds.isdisjoint(PART_TYPES):
                open_ones.append(node)
        titled = [node for node in open_ones if own.is_titled_by(node)]
        if titled or len(open_ones) > 1:
            # Written twice by two plug-ins, the fuller one says more.
            return max(titled or _alike(open_ones), key=len, default=None)
        if open_ones and self._may_be_a_posts(open_ones[0], own):
            return None
        return open_ones[0] if open_ones else None

    def _may_be_a_posts(self, node: Node, own: "Own") -> bool:
        """Whether a node that no title of the page repeats is likely a post on a list, or a film within an article."""
        kinds = types_of(node)
        if not kinds.isdisjoint(ARTICLE_TYPES):
            return is_home(own.url)
        return not kinds.isdisjoint(EMBEDDED_TYPES) and bool(own.titles) and not own.shares_words_with(node)


class Own:
    """How the page is known: its addresses (fetched, canonical, `og:url`) as written, and its titles."""

    def __init__(self, url: str, addresses: Iterable[str], titles: Iterable[str]) -> None:
        self.url = url
        self.addresses = (url, *addresses)
        self.titles = tuple(titles)

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(key for address in self.addresses if (key := _page_key(address, self.url)))

    def is_named_by(self, node: Node) -> bool | None:
        """Whether the node says that it is about this page; `None` where it does not say which page it is about.

        A site's first page says nothing, because templates write it for all, nor does the page's path on another host,
        which may be the one where the page was made.
        """
        if node.get("mainEntityOfPage") in self.addresses or node.get("url") in self.addresses:
            return True  # most pages name themselves, and with the letters of a canonical link
        addresses = [address for one in _NAMING for address in _addresses(node.get(one))]
        addresses += [one for one in _addresses(node.get("@id")) if one.startswith(_ADDRESS_BEGINS)]
        named = {key for one in addresses if (key := _page_key(one, self.url))}
        if not named.isdisjoint(self.keys):
            return True
        paths = {"", *(key.partition("/")[2] for key in self.keys)}
        is_another = any(key.partition("/")[2] not in paths for key in named)
        return False if is_another and not self.is_titled_by(node) else None

    def shares_words_with(self, node: Node) -> bool:
        """Whether the node's name has a word of a title."""
        name = node.get("name") or node.get("headline")
        words = _words(name) if isinstance(name, str) else frozenset()
        return any(words & _words(one) for one in self.titles)

    def is_titled_by(self, node: Node) -> bool:
        """Whether a title of the page holds the node's headline or name."""
        for name in ("headline", "name"):
            title = node.get(name)
            folded = fold(title[:_TITLE_LIMIT]) if isinstance(title, str) else ""
            if folded and any(folded in fold(one[:_TITLE_LIMIT]) for one in self.titles):
                return True
        return False


def _page_key(address: str, url: str) -> str | None:
    """What is the same for all spellings of one page's address."""
    return _key(address.strip()[:_ADDRESS_LIMIT], url)


@lru_cache(maxsize=64)
def _key(address: str, url: str) -> str | None:
    """Cached, because a page names itself at four places."""
    found = absolute(address, url)
    if found is None:
        return None
    key = dedup_key(found).partition("://")[2].partition("#")[0].rstrip("/")
    # One page under several names of its host.
    return _SAME_SITE.sub("", key)


def _addresses(value: Any) -> Iterator[str]:
    """The addresses in a property that names a page: a text, a node of one, a list of either."""
    for one in value[:_VALUES] if isinstance(value, list) else (value,):
        if isinstance(one, dict):
            one = one.get("@id") or one.get("url")
        if isinstance(one, str):
            yield one


def _words(text: str) -> frozenset[str]:
    return frozenset(word for one in text[:_TITLE_LIMIT].split() if len(word := fold(one)) >= _LEAST_WORD)


def _alike(nodes: list[Node]) -> list[Node]:
    """Several nodes that bear one title describe one page, written twice by two plug-ins."""
    titles = {str(node.get("headline") or node.get("name")) for node in nodes}
    return nodes if len(titles) == 1 else []


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value") or _full_name(value)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):  # a name in some language
            value = value.get("@value")
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _full_name(person: Node) -> str:
    names = (person.get("givenName"), person.get("familyName"))
    return " ".join(name for name in names if isinstance(name, str))


def types_of(node: Node) -> frozenset[str]:
    """The node's types without the vocabulary's address."""
    kind = node.get("@type")
    if isinstance(kind, str):
        return _type_named(kind[:_TYPE_LIMIT])
    return frozenset().union(
        *(_type_named(name[:_TYPE_LIMIT]) for name in kind[:_VALUES] if isinstance(name, str))
        if isinstance(kind, list)
        else ()
    )


@lru_cache(maxsize=1024)
def _type_named(name: str) -> frozenset[str]:
    return frozenset((name.rsplit("/", 1)[-1].rsplit(":", 1)[-1],))


def read(texts: list[str], own: Own) -> Graph:
    """All blocks of a page as one graph; what cannot be read is left out."""
    nodes: list[Node] = []
    by_id: dict[str, Node] = {}
    budget = TEXT_LIMIT
    for text in texts:
        budget -= len(text)
        if budget < 0:
            break
        for root in json_ld_text.values(text):
            _flatten(root, nodes, by_id)
    return Graph(nodes, by_id, own)


def _flatten(root: Any, nodes: list[Node], by_id: dict[str, Node]) -> None:
    level = [root]
    for _ in range(DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, list):
                below.extend(value[:NODES])
            elif isinstance(value, dict):
                _keep(value, nodes, by_id)
                below.extend(value[key] for key in _OPENED if key in value)
            if len(nodes) + len(below) > 2 * NODES:
                return
        if not below:
            return
        level = below


def _keep(node: Node, nodes: list[Node], by_id: dict[str, Node]) -> None:
    if len(nodes) < NODES and "@type" in node:
        nodes.append(node)
    name = node.get("@id")
    if isinstance(name, str) and len(node) > 1 and len(by_id) < NODES:
        by_id.setdefault(name, node)
