"""JSON-LD blocks as a flat list of nodes: wrappers removed, graphs opened, references resolved, within limits.

Read by the fields through `Page.json_ld`. Its one rule: repairs are made only where the text can mean one thing.
"""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from schedulers.metadata.addresses import absolute

TEXT_LIMIT = 2_000_000
NODES = 2_000
DEPTH = 12

Node = dict[str, Any]

ARTICLE_TYPES = frozenset(
    [
        "Article",
        "AdvertiserContentArticle",
        "NewsArticle",
        "AnalysisNewsArticle",
        "AskPublicNewsArticle",
        "BackgroundNewsArticle",
        "OpinionNewsArticle",
        "ReportageNewsArticle",
        "ReviewNewsArticle",
        "Report",
        "SatiricalArticle",
        "ScholarlyArticle",
        "MedicalScholarlyArticle",
        "SocialMediaPosting",
        "BlogPosting",
        "LiveBlogPosting",
        "DiscussionForumPosting",
        "TechArticle",
        "APIReference",
    ]
)
# Other things that a page can be about, so that their name is the page's.
SUBJECT_TYPES = frozenset(
    [
        "Product",
        "ProductGroup",
        "Recipe",
        "VideoObject",
        "Movie",
        "TVSeries",
        "TVEpisode",
        "Book",
        "Event",
        "MusicEvent",
        "Course",
        "JobPosting",
        "PodcastEpisode",
        "PodcastSeries",
        "RadioEpisode",
        "SoftwareApplication",
        "MobileApplication",
        "WebApplication",
        "MusicRecording",
        "MusicAlbum",
        "Review",
        "ClaimReview",
        "HowTo",
        "QAPage",
        "Dataset",
        "ImageObject",
        "AudioObject",
        "Episode",
        "Game",
        "VideoGame",
    ]
)
SITE_TYPES = frozenset(["WebSite", "Organization", "NewsMediaOrganization", "Corporation"])
PAGE_TYPES = frozenset(["WebPage", "ItemPage", "AboutPage", "CollectionPage", "FAQPage", "ProfilePage", "ContactPage"])

_WRAPPER = re.compile(r"^\s*(?:<!--|(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?)|(?:-->|(?://|/\*)?\s*\]\]>\s*(?:\*/)?)\s*$")
# Strings are matched first, so that nothing inside one is taken for a comment or a comma.
_LOOSE = re.compile(r'"(?:[^"\\]|\\.)*+"|/\*.*?\*/|//[^\n]*|,(?=\s*+[}\]])', re.DOTALL)


class Graph:
    """Every node in reading order (outer before inner), and the ones that matter by kind."""

    def __init__(self, nodes: list[Node], by_id: dict[str, Node], url: str) -> None:
        self.nodes = nodes
        self._by_id = by_id
        self.article = _first(nodes, ARTICLE_TYPES, url)
        self.subject = self.article or _first(nodes, SUBJECT_TYPES, url)
        self.page = _first(nodes, PAGE_TYPES, url)
        self.site = _first(nodes, SITE_TYPES, url)

    def of(self, *types: str) -> Node | None:
        """The first node of one of `types`."""
        return next((node for node in self.nodes if not types_of(node).isdisjoint(types)), None)

    def values(self, node: Node | None, key: str) -> Iterator[Any]:
        """The values of a property, a list opened, a reference replaced by the node it names."""
        value = node.get(key) if node else None
        for one in value[:50] if isinstance(value, list) else (value,):
            if isinstance(one, dict) and len(one) == 1 and "@id" in one:
                yield self._by_id.get(str(one["@id"]), one)
            elif one is not None:
                yield one

    def text(self, node: Node | None, key: str) -> str | None:
        """The first value of a property that is text, or has a name or a value that is."""
        return next(self.texts(node, key), None)

    def texts(self, node: Node | None, key: str) -> Iterator[str]:
        for value in self.values(node, key):
            if isinstance(value, dict):
                value = value.get("name") or value.get("@value")
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                value = str(value)
            if isinstance(value, str) and value.strip():
                yield value


def types_of(node: Node) -> set[str]:
    """The node's types without the vocabulary's address."""
    kind = node.get("@type")
    names = kind if isinstance(kind, list) else (kind,)
    return {name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for name in names if isinstance(name, str)}


def read(texts: list[str], url: str) -> Graph:
    """All blocks of a page as one graph; what cannot be read is left out."""
    nodes: list[Node] = []
    by_id: dict[str, Node] = {}
    budget = TEXT_LIMIT
    for text in texts:
        budget -= len(text)
        if budget < 0:
            break
        for root in _parse(text):
            _flatten(root, nodes, by_id)
    return Graph(nodes, by_id, url)


def _flatten(root: Any, nodes: list[Node], by_id: dict[str, Node]) -> None:
    """Breadth first, so that what the page is about comes before what that mentions."""
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


# Only what says "this is what the page is about"; `hasPart`, `itemListElement` and the like are other pages' things.
_OPENED = ("@graph", "mainEntity", "mainEntityOfPage", "publisher", "isPartOf", "author", "image", "video", "offers")


def _keep(node: Node, nodes: list[Node], by_id: dict[str, Node]) -> None:
    if len(nodes) < NODES and "@type" in node:
        nodes.append(node)
    name = node.get("@id")
    if isinstance(name, str) and len(node) > 1 and len(by_id) < NODES:
        by_id.setdefault(name, node)


def _first(nodes: list[Node], types: frozenset[str], url: str) -> Node | None:
    """The node of one of `types` that names this page, otherwise the first of them."""
    found = [node for node in nodes if not types_of(node).isdisjoint(types)]
    if len(found) < 2:
        return found[0] if found else None
    return next((node for node in found if _names(node, url)), found[0])


def _names(node: Node, url: str) -> bool:
    page = node.get("mainEntityOfPage")
    if isinstance(page, dict):
        page = page.get("@id") or page.get("url")
    return any(isinstance(one, str) and absolute(one, url) == url for one in (page, node.get("url"), node.get("@id")))


def _parse(text: str) -> Iterator[Any]:
    text = _WRAPPER.sub("", _WRAPPER.sub("", text)).strip().rstrip(";")
    if not text:
        return
    try:
        yield msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        yield from _repaired(text)


def _repaired(text: str) -> Iterator[Any]:
    """Comments and trailing commas dropped, raw line ends in strings accepted, several values in one block read."""
    if text.startswith(("{&quot;", "[{&quot;", "{ &quot;")):
        text = html.unescape(text)
    text = _LOOSE.sub(lambda match: match.group() if match.group()[0] == '"' else " ", text)
    decoder = json.JSONDecoder(strict=False)
    position = 0
    for _ in range(50):
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return
        yield value
