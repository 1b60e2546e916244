"""One parsed page: what one walk over its head and one query of its body collected.

Made by `extract`, read by every rule. The head is collected once; whatever needs more is computed when the first rule
asks for it, and once.
"""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from schedulers.metadata import clean, json_ld
from schedulers.metadata.addresses import absolute, site_of
from schedulers.metadata.body import Body
from schedulers.metadata.headers import Headers, links_of
from schedulers.metadata.items import Items
from schedulers.metadata.model import Provenance

_JSON_LD = 'script[type*="ld+json" i]'
# What the type of such a script ends with, and how many of its first byte are looked at before the body is asked.
_JSON, MENTIONS = b"+json", 100
_STRAYED = "meta,link,title,base"
# A page has some fifty of them; ten megabytes of <meta> must not cost more than a large page does.
ELEMENTS = 3_000
PARAGRAPHS = 5_000
ANCESTORS = 50
# Characters around a tag by which it is found in the source.
CONTEXT = 12
VALUE_LIMIT = 20_000
KEY_LIMIT = 200
# Most links of a page; nothing here reads them.
_UNREAD_LINKS = frozenset(("stylesheet", "preload", "preconnect", "dns-prefetch", "prefetch", "modulepreload"))
# Structured properties belong to the array element before them, so their order matters.
MEDIA = ("og:image", "og:video", "og:audio")
_ROOT = len("og:image")

Attributes = dict[str, str | None]


class HtmlPage:
    """`meta` maps a lower-case key (`.` written `:`) to its values in order, `links` a rel token to its elements,
    `media` one of `MEDIA` to its properties in order; `graph` is the JSON-LD of all blocks, if there is any,
    `rsl` the licence terms written into the head."""

    def __init__(self, url: str, tree: LexborHTMLParser, headers: Headers) -> None:
        self.url = url
        self.base = url
        self.site = site_of(url)
        self.tree = tree
        self.headers = headers
        self.body = Body(tree)
        self.items = Items(tree)
        self.meta: dict[str, list[str]] = {}
        self.media: dict[str, list[tuple[str, str]]] = {}
        self.links: dict[str, list[Attributes]] = {}
        self.title: str | None = None
        self.provenance: dict[str, Provenance] = {}
        self.pictures: dict[str, str | None] = {}
        self.titles: dict[str, str | None] = {}
        self.own_paths: frozenset[str] | None = None
        self.rsl: list[str] = []
        self._json_ld: list[str] = []
        self._based = False
        self._absolute: dict[str, str | None] = {}
        self._collect()
        self.graph = json_ld.read(self._json_ld, self._own()) if self._json_ld else None

    @cached_property
    def html(self) -> Attributes:
        """The attributes of the root element."""
        root = self.tree.root
        return root.attributes if root is not None else {}

    @cached_property
    def link_headers(self) -> dict[str, str]:
        """Rel token → target of the `Link` headers."""
        return links_of(self.headers)

    def absolute(self, value: str | None) -> str | None:
        """`value` against the page's base; pages name the same few addresses again and again."""
        if value is None:
            return None
        known = self._absolute
        if value not in known:
            known[value] = absolute(value, self.base)
        return known[value]

    def _own(self) -> json_ld.Own:
        links = [href for link in self.links.get("canonical", ())[:1] if (href := link.get("href"))]
        titles = [*self.meta.get("og:title", ())[:1], *([self.title] if self.title else [])]
        return json_ld.Own(self.url, [*links, *self.meta.get("og:url", ())[:1]], titles)

    def shown(self, value: str, limit: int = clean.TITLE_LIMIT) -> str | None:
        """`value` as a person may see it, in `limit` characters; `None` for nothing and for an unfilled template."""
        cleaned = clean.filled(value, limit)
        return cleaned if cleaned is None or "<" not in cleaned else self.without_markup(cleaned)

    def without_markup(self, value: str) -> str | None:
        """`value`, as the parser gave it, without tags of the source; `None` where nothing is left.

        A tag that was escaped in the source is text: `The &lt;div&gt; element`.
        """
        tag = clean.first_tag(value)
        if tag is None:
            return value
        around = value[max(0, tag[0] - CONTEXT) : tag[1] + CONTEXT]
        source = self.tree.raw_html
        written = (around, around.replace("<", "\\u003c").replace(">", "\\u003e"))
        if any(one.encode("utf-8", "replace") in source for one in written):
            return clean.without_markup(value)
        return value

    def _collect(self) -> None:
        """The head's children, then what the body holds of use."""
        head, body = self.tree.head, self.tree.body
        if head is not None:
            self._add(islice(head.iter(), ELEMENTS))
        if body is None:
            return
        # Two queries: telling the elements of one apart would cost more.
        self.body.paragraphs = body.css("p")[:PARAGRAPHS]
        if _mentions(self.tree.raw_html, _JSON, MENTIONS) > len(self._json_ld):
            self._json_ld += [node.text() for node in body.css(_JSON_LD)[:ELEMENTS]]
        if "og:title" not in self.meta or "canonical" not in self.links:
            # A stray element in the head ends it for the parser, and the rest of it lies in the body.
            self._add(body.css(_STRAYED)[:ELEMENTS])

    def _add(self, nodes: Iterable[LexborNode]) -> None:
        """The commonest elements are handled in place: a call for each would double the cost."""
        meta, links = self.meta, self.links
        for node in nodes:
            tag = node.tag
            if tag == "meta":
                attributes = node.attributes
                # `value=` is a common slip for `content=`; without either there is nothing to say.
                content = attributes.get("content") or attributes.get("value")
                key = attributes.get("property") or attributes.get("name")
                if not content or content.isspace() or len(content) > VALUE_LIMIT:
                    continue
                if not key:
                    self._add_unnamed(attributes, content)
                    continue
                for name in _names(key) if len(key) <= KEY_LIMIT else ():
                    if name in meta:
                        meta[name].append(content)
                    else:
                        meta[name] = [content]
                    if name.startswith(MEDIA):
                        self.media.setdefault(name[:_ROOT], []).append((name, content))
            elif tag == "link":
                attributes = node.attributes
                rel = attributes.get("rel")
                if rel and rel not in _UNREAD_LINKS and attributes.get("href"):
                    for token in rel.lower().split():
                        links.setdefault(token, []).append(attributes)
            elif tag == "title":
                self._add_title(node)
            elif tag == "script":
                kind = (node.attributes.get("type") or "").lower()
                if "ld+json" in kind:
                    self._json_ld.append(node.text())
                elif "rsl+xml" in kind:
                    self.rsl.append(node.text())
            elif tag == "base" and not self._based and (href := node.attributes.get("href")):
                # A fake base would move every relative URL of the page; only a fetchable one counts.
                self._based = True
                self.base = absolute(href, self.url) or self.url

    def _add_unnamed(self, attributes: Attributes, content: str) -> None:
        for kind in ("http-equiv", "itemprop"):
            if name := attributes.get(kind):
                self.meta.setdefault(f"{kind}:{name.lower()}", []).append(content)

    def _add_title(self, node: LexborNode) -> None:
        # An inline SVG has <title> elements too, in any of its own.
        if self.title is None and not _is_in_svg(node):
            self.title = node.text() or None


def _mentions(source: bytes, word: bytes, most: int) -> int:
    """How often `word` (lower case) stands in `source`, `most` where its first byte is frequent: looking for that byte
    alone takes a tenth of the time."""
    first, found, at = word[:1], 0, -1
    for _ in range(most):
        if (at := source.find(first, at + 1)) < 0:
            return found
        found += source[at : at + len(word)].lower() == word
    return most


def _is_in_svg(node: LexborNode) -> bool:
    one = node.parent
    for _ in range(ANCESTORS):
        if one is None or one.tag in ("head", "body"):
            return False
        if one.tag == "svg":
            return True
        one = one.parent
    return False


@lru_cache(maxsize=2048)
def _names(key: str) -> tuple[str, ...]:
    """The names in a `property` or `name` as they are looked up; the same few hundred stand in all pages."""
    return tuple(key.lower().replace(".", ":").split())
