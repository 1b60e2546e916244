"""A card in the words of other programs. Pure.

- oEmbed 1.0 (oembed.com, section 2.3), of the type `link`, or `photo` where the URL is a picture: `rich` and `video`
  would hold HTML of somebody else.
- Iframely's answer, as Outline reads it (`plugins/iframely/server/iframely.ts` of outline/outline).
- summaly's, as Misskey reads it from its proxy (`src/summary.ts` of misskey-dev/summaly).
- Matrix's preview (client-server API, `GET /_matrix/client/v1/media/preview_url`), for MSC4417.
- Mastodon's `PreviewCard` (docs.joinmastodon.org/entities/PreviewCard).
"""

from typing import Any
from urllib.parse import urlsplit

from schedulers.card import Card

Json = dict[str, Any]
PLAYER_PERMISSIONS = ("autoplay", "encrypted-media", "fullscreen", "picture-in-picture")
"""What Misskey lets an embedded player do; each is among those that it knows."""


def oembed(card: Card, cache_seconds: int) -> Json:
    """`cache_seconds`: for how long a client may keep it."""
    found: Json = {
        "version": "1.0",
        "type": "link",
        "title": card.title,
        "author_name": card.author,
        "provider_name": card.site_name,
        "provider_url": _origin(card),
        "cache_age": cache_seconds,
    }
    if image := card.image:
        address = image.proxied_url or image.url
        if card.type == "image" and image.width and image.height:
            found |= {"type": "photo", "url": address, "width": image.width, "height": image.height}
        elif image.width and image.height:  # all three or none (section 2.3.4)
            found |= {"thumbnail_url": address, "thumbnail_width": image.width, "thumbnail_height": image.height}
    return {name: value for name, value in found.items() if value is not None}


def iframely(card: Card, cache_seconds: int) -> Json:
    """oEmbed, with `meta` and `links` beside it."""
    meta = {
        "title": card.title,
        "description": card.description,
        "site": card.site_name,
        "author": card.author,
        "date": card.published_at,
        "canonical": card.canonical_url,
    }
    links: Json = {}
    if card.image is not None:
        media = {"width": card.image.width, "height": card.image.height}
        size = {name: value for name, value in media.items() if value}
        links["thumbnail"] = [_link(card.image.proxied_url or card.image.url, "thumbnail", media=size)]
    if card.icon is not None:
        links["icon"] = [_link(card.icon.proxied_url or card.icon.url, "icon")]
    return {
        **oembed(card, cache_seconds),
        "url": card.destination or card.url,
        "meta": {name: value for name, value in meta.items() if value is not None},
        "links": links,
    }


def summaly(card: Card) -> Json:
    """All members are there; `player` is never null. Misskey fetches the pictures through its own media proxy."""
    player = card.player
    return {
        "title": card.title,
        "icon": None if card.icon is None else card.icon.url,
        "description": card.description,
        "thumbnail": None if card.image is None else card.image.url,
        "thumbnailStyle": card.card,
        "sitename": card.site_name or urlsplit(card.destination or card.url).hostname,
        "player": {
            "url": None if player is None else player.url,
            "width": None if player is None else player.width,
            "height": None if player is None else player.height,
            "allow": [] if player is None else list(PLAYER_PERMISSIONS),
        },
        "sensitive": card.adult,
        "activityPub": card.activity_pub_url,
        "fediverseCreator": card.fediverse_creator,
        "url": card.destination or card.url,
    }


def matrix(card: Card) -> Json:
    """Without `og:image`: it must be a `mxc:` address, which only an upload to the homeserver gives."""
    found = {
        "og:url": card.destination or card.url,
        "og:title": card.title,
        "og:description": card.description,
        "og:site_name": card.site_name,
        "og:type": card.type or "website",
    }
    return {name: value for name, value in found.items() if value is not None}


def mastodon(card: Card) -> Json:
    """All members of the entity, empty where nothing is known."""
    image = card.image
    return {
        "url": card.destination or card.url,
        "title": card.title or "",
        "description": card.description or "",
        "language": card.language,
        "type": "link",
        "author_name": card.author or "",
        "author_url": "",
        "authors": [{"name": card.author, "url": "", "account": None}] if card.author else [],
        "provider_name": card.site_name or "",
        "provider_url": _origin(card) or "",
        "html": "",
        "width": 0 if image is None else image.width or 0,
        "height": 0 if image is None else image.height or 0,
        "image": None if image is None else image.proxied_url or image.url,
        "image_description": "" if image is None else image.alt or "",
        "embed_url": "",
        "blurhash": None if image is None else image.blurhash,
        "published_at": card.published_at,
    }


def _origin(card: Card) -> str | None:
    parts = urlsplit(card.destination or card.url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else None


def _link(href: str, rel: str, **more: Any) -> Json:
    return {"href": href, "rel": [rel], **{name: value for name, value in more.items() if value}}
