"""A provider's oEmbed answer (oembed.com, JSON), as far as a card needs it.

The page itself was not seen: what stands here is the provider's word, and the provenance says so.
"""

from typing import Any

import msgspec
from selectolax.lexbor import LexborHTMLParser

from schedulers.metadata import clean
from schedulers.metadata.addresses import absolute
from schedulers.metadata.fields.image import pixels
from schedulers.metadata.model import Image, Metadata, OEmbed, Player, Provenance

MOST_BYTES = 256 * 1024
_MOST_HTML = 20_000
RULE = "oembed-endpoint"
_TYPES = {"video": "video.other", "photo": "photo", "rich": "rich", "link": "website"}


def read_oembed(body: bytes, endpoint: OEmbed) -> Metadata | None:
    """The card that the answer of `endpoint` gives; None for what is no oEmbed answer, or one without a name for the
    page."""
    if len(body) > MOST_BYTES:
        return None
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    if not isinstance(given, dict) or (kind := _TYPES.get(_text(given, "type"))) is None:
        return None
    tree = LexborHTMLParser(_text(given, "html")[:_MOST_HTML])
    author = clean.name(_text(given, "author_name"))
    title = clean.title(_text(given, "title"))
    described = clean.description(_text(given, "description") or _quoted(tree))
    values: dict[str, Any] = {
        "title": title or author,
        "description": described,
        "author": author,
        "authors": (author,) if author else (),
        "site_name": clean.name(_text(given, "provider_name")) or endpoint.provider,
        "type": kind,
        "image": _image(given, endpoint.url),
        "player": _player(tree, endpoint.url),
        "oembed": endpoint,
    }
    if values["title"] is None:
        return None
    found = {name: value for name, value in values.items() if value}
    said = {name: Provenance(f"{RULE}:{_KEYS.get(name, name)}") for name in found if name not in ("oembed", "authors")}
    return Metadata(**found, provenance=said | {"oembed": Provenance("provider-list")})


_KEYS = {"author": "author_name", "site_name": "provider_name", "image": "thumbnail_url", "player": "html"}


def _text(given: dict[str, Any], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""


def _quoted(tree: LexborHTMLParser) -> str:
    """The words of a quotation, which is how posts are embedded."""
    for node in tree.css("blockquote p")[:1]:
        return node.text(separator=" ")
    return ""


def _image(given: dict[str, Any], base: str) -> Image | None:
    is_photo = given.get("type") == "photo"
    for key, side in (("url", ""), ("thumbnail_url", "thumbnail_")) if is_photo else (("thumbnail_url", "thumbnail_"),):
        if (url := absolute(_text(given, key), base)) is not None:
            return Image(url, pixels(given.get(f"{side}width")), pixels(given.get(f"{side}height")))
    return None


def _player(tree: LexborHTMLParser, base: str) -> Player | None:
    for node in tree.css("iframe[src]")[:1]:
        attributes = node.attributes
        url = absolute(attributes.get("src"), base)
        if url is not None and url.startswith("https://"):
            return Player(url, pixels(attributes.get("width")), pixels(attributes.get("height")))
    return None
