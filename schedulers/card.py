"""A card: what a client shows for a link. Made from a URL's record and its metadata, flat and typed."""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from schedulers.metadata import Metadata, Provenance, Usage
from schedulers.metadata.model import Image
from schedulers.model import Status
from schedulers.record import Record, Time
from schedulers.shares import Shares
from schedulers.verdict import Verdict

Kind = Literal["summary", "summary_large_image"]
LARGE_WIDTH = 300
LARGE_SHAPE = 1.2
"""A picture at least so wide, and so much wider than high, is shown above the text (as Twitter's cards were)."""


class CardImage(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A page's picture. `proxied_url` is its signed address at this server, where the picture comes from the cache."""

    url: str
    proxied_url: str | None = None
    width: int | None = None
    height: int | None = None
    alt: str | None = None
    generic: bool = False
    thumbhash: str | None = None
    blurhash: str | None = None
    color: str | None = None


class CardIcon(msgspec.Struct, omit_defaults=True):
    """A site's icon."""

    url: str
    proxied_url: str | None = None


class CardPlayer(msgspec.Struct, omit_defaults=True):
    """A page to be embedded in an `<iframe>`."""

    url: str
    width: int | None = None
    height: int | None = None


class Card(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What to show for a link. `status` is `fetched` where the page was understood; for every other one `reason` says
    why not, and `until` when there will be more. `destination` is where a person ends up, `clean_url` the same without
    tracking parameters. `usage` is what the site lets others do with the page; what it does not let be shown is left
    out. `adult`: the page says that it is for adults; hide its picture until somebody asks for it. `activity_pub_url`
    is its object in the fediverse."""

    url: str
    status: Status
    reason: str | None = None
    until: Time | None = None
    destination: str | None = None
    clean_url: str | None = None
    canonical_url: str | None = None
    title: str | None = None
    description: str | None = None
    site_name: str | None = None
    author: str | None = None
    published_at: str | None = None
    language: str | None = None
    type: str | None = None
    card: Kind
    image: CardImage | None = None
    icon: CardIcon | None = None
    theme_color: str | None = None
    player: CardPlayer | None = None
    fediverse_creator: str | None = None
    activity_pub_url: str | None = None
    adult: bool = False
    usage: Usage | None = None
    verdict: Verdict | None = None
    shares: Shares | None = None
    fetched_at: Time | None = None
    fresh_until: Time | None = None
    page_id: str | None = None
    provenance: dict[str, Provenance] | None = None


_decode_metadata = msgspec.json.Decoder(Metadata).decode
_decode_usage = msgspec.json.Decoder(Usage).decode
_decode_provenance = msgspec.json.Decoder(dict[str, Provenance]).decode


def card_of(record: Record, proxied: Callable[[str], str | None], *, provenance: bool = False) -> Card:
    """The card of a record. `proxied` gives the address at which we serve a picture ourselves, None where we do not.
    `provenance`: tell the rules as well. Of a link that a list blocks nothing is shown but the verdict."""
    is_blocked = record.verdict is not None and record.verdict.verdict == "block"
    found = Metadata() if record.metadata is None or is_blocked else _decode_metadata(record.metadata)
    image = found.image
    usage = None if record.usage is None else _decode_usage(record.usage)
    return Card(
        url=record.url,
        status=record.status,
        reason=record.reason,
        until=record.until,
        destination=record.destination,
        clean_url=record.clean_url,
        canonical_url=record.canonical_url,
        title=found.title,
        description=found.description,
        site_name=found.site_name,
        author=found.author,
        published_at=found.published_at,
        language=found.language,
        type=found.type,
        card=_kind(image, usage),
        image=None if image is None else _image(image, proxied(image.url)),
        icon=None if found.icon is None else CardIcon(found.icon.url, proxied(found.icon.url)),
        theme_color=found.theme_color,
        player=None if found.player is None else CardPlayer(found.player.url, found.player.width, found.player.height),
        fediverse_creator=found.fediverse_creator,
        activity_pub_url=found.activity_pub_url,
        adult=found.adult or False,
        usage=usage,
        verdict=record.verdict,
        shares=record.shares,
        fetched_at=record.fetched_at,
        fresh_until=record.fresh_until,
        page_id=record.page_id,
        provenance=_decode_provenance(record.provenance)
        if provenance and not is_blocked and record.provenance is not None
        else None,
    )


def alternate(record: Record, language: str) -> str | None:
    """The address of the page's version in `language` (BCP 47), where the page is in another one and names it."""
    if record.metadata is None:
        return None
    found = _decode_metadata(record.metadata)
    if _speaks(found.language, language):
        return None
    versions: Mapping[str, str] = {one.language.lower(): one.url for one in reversed(found.alternates)}
    exact = versions.get(language.lower())
    return exact or next((url for name, url in versions.items() if _speaks(name, language)), None)


def _speaks(language: str | None, wanted: str) -> bool:
    return language is not None and language.lower().partition("-")[0] == wanted.lower().partition("-")[0]


def _kind(image: Image | None, usage: Usage | None) -> Kind:
    if image is None or not image.width or not image.height:
        return "summary"
    if image.generic:
        return "summary"
    if usage is not None and usage.max_image_preview is not None and usage.max_image_preview.value != "large":
        return "summary"
    return "summary_large_image" if _is_large(image.width, image.height) else "summary"


def _is_large(width: int, height: int) -> bool:
    return width >= LARGE_WIDTH and width >= LARGE_SHAPE * height


def _image(image: Image, proxied_url: str | None) -> CardImage:
    return CardImage(
        url=image.url,
        proxied_url=proxied_url,
        width=image.width,
        height=image.height,
        alt=image.alt,
        generic=image.generic,
        thumbhash=image.thumbhash,
        blurhash=image.blurhash,
        color=image.colour,
    )
