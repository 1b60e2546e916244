"""The picture that stands for the page: what was chosen for sharing, then what the article names, then the best picture
in it. A picture that most pages of the site share is a logo and goes behind everything else.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from msgspec import structs

from schedulers.metadata import clean, open_graph
from schedulers.metadata.addresses import host
from schedulers.metadata.article_pictures import best_picture, is_decoration
from schedulers.metadata.model import Alternative, Image, Metadata, Provenance
from schedulers.metadata.page import HtmlPage
from schedulers.metadata.ports import GenericPictures

# Facebook and Twitter refuse pictures below some 200 and 144 pixels; below this it is an icon for certain.
SMALLEST_SIDE = 48
_PER_RULE = 10
CANDIDATES = 5
_ALTERNATIVES = 6


_NO_PICTURES = (".svg", ".svgz", ".html", ".htm", ".xhtml", ".css", ".js", ".json", ".pdf", ".ico")
_OWN_MACHINE = frozenset(("localhost", "0.0.0.0", "[::1]"))
# What templates leave: a value that was missing, a variable, two addresses in one, a list.
_SLIP = re.compile(
    r"/(?:null|undefined|none|nan|false|true|n/a|-|0|\[object(?:%20| )object\])/?$"
    r"|%7B|%7D|[{}]|/%[a-z_]{2,40}%|/__[A-Z_]+__"
    r"|\[\[[*+~$]|%5B%5B|/\[['\"]|/%5B(?:%22|')|^https?://[^/?]*https?//",
    re.IGNORECASE,
)


# Most addresses of pictures: nothing in them can be a slip.
_PLAIN = re.compile(r"https://(?:[a-z0-9-]+\.)+(?!\w*https)[a-z]{2,20}/[\w./~+-]{1,300}\.(?:jpe?g|png|webp)", re.ASCII)
_TWICE = re.compile(r"https?://[^/?]{1,255}/(?:https?:/|www\.[^/]*/)", re.IGNORECASE)
_FILE_NAME = re.compile(r"[\w-]+\.(?:jpe?g|png|gif|webp|avif|heic)", re.IGNORECASE)


class PictureRule(NamedTuple):
    name: str
    read: Callable[[HtmlPage], Iterator[Image]]
    in_body: bool = False


def read(page: HtmlPage, generic: GenericPictures | None = None, *, thorough: bool = False) -> tuple[Image, ...]:
    """The candidates in order, the best first: of the ladder, the site's own pictures last. The body is searched where
    the head names none, or only the site's own, or where that is asked for (`thorough`)."""
    offers: list[tuple[str, Image]] = []
    for rule, offered, in_body in LADDER:
        if in_body and offers and not thorough and not (generic and _all_generic(page, offers, generic)):
            continue
        for image in offered(page):
            offers.append((rule, image))  # noqa: PERF401  half of the rules offer nothing: a generator more for each
    if not offers:
        return ()
    if generic is not None:
        offers.sort(key=lambda offer: generic.is_generic(page.site, offer[1].url))
    rule, image = offers[0]
    others = {other.url: name for name, other in offers[1:] if other.url != image.url}
    page.provenance["image"] = Provenance(
        rule, tuple([Alternative(name, url) for url, name in islice(others.items(), _ALTERNATIVES)])
    )
    return (image,) if len(offers) == 1 else tuple(_different(offers))


def _different(offers: list[tuple[str, Image]]) -> list[Image]:
    """The pictures, each once, as the first rule that named it describes it."""
    found: dict[str, Image] = {}
    for _, image in offers:
        if (first := found.setdefault(image.url, image)).alt is None and image.alt is not None:
            found[image.url] = structs.replace(first, alt=image.alt)
    return list(islice(found.values(), CANDIDATES))


def declared(metadata: Metadata) -> list[str]:
    """What the page's head named, the most believed first, whichever picture was taken in the end."""
    found = metadata.provenance.get("image")
    if found is None or metadata.image is None:
        return []
    offers = [(found.rule, metadata.image.url), *((other.rule, other.value) for other in found.alternatives)]
    offers = [offer for offer in offers if offer[0] in _HEAD]
    return [url for _, url in sorted(offers, key=lambda offer: _HEAD.index(offer[0]))]


def _all_generic(page: HtmlPage, offers: list[tuple[str, Image]], generic: GenericPictures) -> bool:
    return all(generic.is_generic(page.site, image.url) for _, image in offers)


def picture(
    page: HtmlPage,
    url: str | None,
    width: object = None,
    height: object = None,
    media_type: str | None = None,
    alt: str | None = None,
) -> Image | None:
    """A picture as declared, unless its address or size shows that it is decoration."""
    address = _kept(page, url)
    if address is None:
        return None
    w, h = pixels(width), pixels(height)
    if (w is not None and w < SMALLEST_SIDE) or (h is not None and h < SMALLEST_SIDE):
        return None
    if (kind := _type(media_type)) == "image/svg+xml":
        return None
    return Image(address, w, h, kind, _described(alt) if alt else None)


def _described(alt: str) -> str | None:
    """A text that describes; the name of a file describes nothing."""
    text = clean.filled(alt)
    return None if text is None or _FILE_NAME.fullmatch(text) else text


def _kept(page: HtmlPage, url: str | None) -> str | None:
    """The address of a picture that is more than decoration; `og:image` and `twitter:image` mostly name one twice."""
    if url is None:
        return None
    if url not in page.pictures:
        address = page.absolute(url)
        page.pictures[url] = None if address is None or _is_no_picture(page, address) else address
    return page.pictures[url]


def _is_no_picture(page: HtmlPage, address: str) -> bool:
    """Decoration, a vector that nothing here renders, a document, a template's slip, a site's first page, and the page
    itself."""
    if is_decoration(address):
        return True
    if _PLAIN.fullmatch(address) is not None:
        return False
    path = _path(address)
    name = path.rpartition("/")[2].lower()
    if name.endswith(_NO_PICTURES) or _SLIP.search(address) is not None or _is_own_machine(host(address)):
        return True
    if _TWICE.match(address) is not None and host(address) == host(page.url):
        return True  # elsewhere it is a proxy for pictures
    if path.rstrip("/").partition("://")[2] in _own_paths(page):
        return True
    return path.endswith("/") and path.count("/") == 3 and "?" not in address


def _own_paths(page: HtmlPage) -> frozenset[str]:
    """The page's addresses as it is fetched and as it calls itself, without scheme and query."""
    if page.own_paths is None:
        claims = [link.get("href") for link in page.links.get("canonical", ())[:1]]
        own = (
            page.url,
            *(url for claim in (*claims, *page.meta.get("og:url", ())[:1]) if (url := page.absolute(claim))),
        )
        page.own_paths = frozenset(_path(one).rstrip("/").partition("://")[2] for one in own)
    return page.own_paths


def _is_own_machine(name: str) -> bool:
    return name in _OWN_MACHINE or name.startswith("127.") or name.endswith(".localhost")


def _path(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def pixels(value: object) -> int | None:
    """A declared side in pixels; `0`, percentages and nonsense say nothing."""
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) <= 5:
        return int(value) or None
    if isinstance(value, dict):
        value = value.get("value") or value.get("@value")
    if isinstance(value, float):
        value = int(value) if 0 < value < 100_000 else None
    text = str(value).strip().lower().removesuffix("px").strip()
    return int(text) if text.isdecimal() and len(text) <= 5 and int(text) > 0 else None


def _type(value: str | None) -> str | None:
    kind = clean.media_type(value)
    return kind if kind and kind.startswith("image/") else None


def _open_graph(page: HtmlPage) -> Iterator[Image]:
    if "og:image" not in page.media:
        return
    for one in open_graph.objects(page, "og:image"):
        sides = (one.get("width"), one.get("height"))
        for url in (one.get("secure_url"), one.get("url")):
            found = picture(page, url, *sides, one.get("type"), one.get("alt"))
            if found is not None:
                yield found
                break


def _twitter(page: HtmlPage) -> Iterator[Image]:
    meta = page.meta
    for key in ("twitter:image", "twitter:image:src", "twitter:image0"):
        for url in meta.get(key, ())[:1]:
            sides = _one(meta.get("twitter:image:width")), _one(meta.get("twitter:image:height"))
            if found := picture(page, url, *sides, alt=_one(meta.get("twitter:image:alt"))):
                yield found


def _json_ld(page: HtmlPage) -> Iterator[Image]:
    graph = page.graph
    if graph is None:
        return
    for key in ("image", "thumbnailUrl", "thumbnail"):
        for number, value in enumerate(graph.values(graph.subject, key)):
            if number < _PER_RULE and (found := _from_node(page, value)):
                yield found
    for value in graph.values(graph.page, "primaryImageOfPage"):
        if found := _from_node(page, value):
            yield found


def _from_node(page: HtmlPage, value: Any) -> Image | None:
    if isinstance(value, str):
        return picture(page, value)
    if not isinstance(value, dict):
        return None
    url = value.get("url") or value.get("contentUrl")
    url = url[0] if isinstance(url, list) and url else url
    alt = value.get("caption")
    if not isinstance(url, str):
        return None
    return picture(page, url, value.get("width"), value.get("height"), alt=alt if isinstance(alt, str) else None)


def _one(values: list[str] | None) -> str | None:
    return values[0] if values else None


def _linked(page: HtmlPage) -> Iterator[Image]:
    for attributes in page.links.get("image_src", ())[:2]:
        if found := picture(page, attributes.get("href")):
            yield found


def _named(*keys: str) -> Callable[[HtmlPage], Iterator[Image]]:
    def read_keys(page: HtmlPage) -> Iterator[Image]:
        for key in keys:
            if found := picture(page, _one(page.meta.get(key))):
                yield found

    return read_keys


def _microdata(page: HtmlPage) -> Iterator[Image]:
    for name in ("image", "thumbnailUrl"):
        if found := picture(page, page.items.text(name)):
            yield found


def _in_article(page: HtmlPage) -> Iterator[Image]:
    if found := best_picture(page.tree, page.base):
        yield found


LADDER: tuple[PictureRule, ...] = (
    PictureRule("og:image", _open_graph),
    PictureRule("twitter:image", _twitter),
    PictureRule("json-ld:image", _json_ld),
    PictureRule("link:image_src", _linked),
    PictureRule(
        "meta:thumbnail", _named("thumbnail", "parsely-image-url", "sailthru:image:full", "sailthru:image:thumb")
    ),
    # Not RDFa's: its picture is an `<img>` of the article, and another walk of the body would be every page's.
    PictureRule("microdata:image", _microdata, in_body=True),
    PictureRule("article-picture", _in_article, in_body=True),
)

_HEAD = tuple(rule.name for rule in LADDER if not rule.in_body)
