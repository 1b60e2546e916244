"""What a page turned out to be: plain values, `None` (or nothing) where the page does not say.

Written by `extract`. Stored and sent as JSON: two objects that the record keeps side by side, the values and their
provenance. A value here is already clean, absolute and safe to show; which rule found it stands in `provenance`.
"""

import msgspec
from msgspec import Struct, field


class Alternative(Struct, frozen=True, omit_defaults=True):
    """What a rule with a lower rank offered."""

    rule: str
    value: str


class Provenance(Struct, frozen=True, omit_defaults=True):
    """Which rule gave a field its value, and what the rules below it said."""

    rule: str
    alternatives: tuple[Alternative, ...] = ()


class Image(Struct, frozen=True, omit_defaults=True):
    """A picture as the page declares it; the sizes are claims until the picture has been fetched and measured.

    From then on there are `bytes`, its length, and `colour`, `blurhash` and `thumbhash`, to be shown until it is
    loaded. `generic`: the same picture stands for many pages of the site.
    """

    url: str
    width: int | None = None
    height: int | None = None
    type: str | None = None
    alt: str | None = None
    animated: bool | None = None
    bytes: int | None = None
    colour: str | None = None
    blurhash: str | None = None
    thumbhash: str | None = None
    generic: bool = False


class Icon(Struct, frozen=True, omit_defaults=True):
    """A favicon or touch icon; `size` is the larger declared side in pixels, 0 for "any" (a vector)."""

    url: str
    size: int | None = None
    type: str | None = None


class Media(Struct, frozen=True, omit_defaults=True):
    """A video or audio file that the page offers, or the file itself when the body is one."""

    url: str | None = None
    type: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None


class Player(Struct, frozen=True, omit_defaults=True):
    """A page meant to be embedded in an `<iframe>`; https only, never on the page's own host by script."""

    url: str
    width: int | None = None
    height: int | None = None


class OEmbed(Struct, frozen=True, omit_defaults=True):
    """Where the page's oEmbed answer lies: discovered in its head, or known from the provider list."""

    url: str
    format: str = "json"
    provider: str | None = None


class Feed(Struct, frozen=True, omit_defaults=True):
    url: str
    type: str
    title: str | None = None


class AlternateLanguage(Struct, frozen=True, omit_defaults=True):
    language: str
    url: str


class Robots(Struct, frozen=True, omit_defaults=True):
    """Directives for what may be shown, the strictest of the meta elements and the `X-Robots-Tag` headers."""

    noindex: bool = False
    nofollow: bool = False
    noarchive: bool = False
    nosnippet: bool = False
    noimageindex: bool = False
    notranslate: bool = False
    max_snippet: int | None = None
    max_image_preview: str | None = None
    max_video_preview: int | None = None
    unavailable_after: str | None = None


class Signal(Struct, frozen=True):
    """One thing that a site says of the use of a page, and where it says so."""

    value: bool | int | str
    source: str


class Usage(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a site lets others do with a page, whichever of its signals says so; nothing where it says nothing.

    Of several signals the strictest counts. `false` means that it is not wanted: `tdm` false is a reservation against
    text and data mining, `ai_input` answers made with the page, `ai_train` training.
    """

    index: Signal | None = None
    follow: Signal | None = None
    archive: Signal | None = None
    snippet: Signal | None = None
    max_snippet: Signal | None = None
    max_image_preview: Signal | None = None
    max_video_preview: Signal | None = None
    image_index: Signal | None = None
    translate: Signal | None = None
    unavailable_after: Signal | None = None
    search: Signal | None = None
    ai_input: Signal | None = None
    ai_train: Signal | None = None
    ai_images: Signal | None = None
    tdm: Signal | None = None
    tdm_policy: Signal | None = None
    license: Signal | None = None


class Price(Struct, frozen=True, omit_defaults=True):
    amount: str
    currency: str | None = None
    availability: str | None = None


class AppLink(Struct, frozen=True, omit_defaults=True):
    """Where an installed app opens the page: `platform` is the App Links name (ios, iphone, ipad, android, web …)."""

    platform: str
    url: str | None = None
    app_id: str | None = None
    name: str | None = None


class Metadata(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Everything known of one page. Dates are ISO 8601, with the offset where the page gives one.

    `other_images` are the further candidates for `image`, in order.
    """

    title: str | None = None
    description: str | None = None
    image: Image | None = None
    other_images: tuple[Image, ...] = ()
    site_name: str | None = None
    type: str | None = None
    author: str | None = None
    authors: tuple[str, ...] = ()
    published_at: str | None = None
    modified_at: str | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    icon: Icon | None = None
    touch_icon: Icon | None = None
    theme_color: str | None = None
    video: Media | None = None
    audio: Media | None = None
    player: Player | None = None
    oembed: OEmbed | None = None
    feeds: tuple[Feed, ...] = ()
    canonical_url: str | None = None
    amp_url: str | None = None
    alternates: tuple[AlternateLanguage, ...] = ()
    robots: Robots | None = None
    usage: Usage | None = None
    price: Price | None = None
    app_links: tuple[AppLink, ...] = ()
    fediverse_creator: str | None = None
    activity_pub_url: str | None = None
    adult: bool | None = None
    pages: int | None = None
    word_count: int | None = None
    reading_time: int | None = None
    content_hash: str | None = None
    encoding: str | None = None
    interstitial: str | None = None
    provenance: dict[str, Provenance] = field(default_factory=dict)


_ENCODER = msgspec.json.Encoder()
_METADATA = msgspec.json.Decoder(Metadata)
_USAGE = msgspec.json.Decoder(Usage)
_PROVENANCE = msgspec.json.Decoder(dict[str, Provenance])


def encode_metadata(metadata: Metadata) -> bytes:
    """The values of `metadata` as JSON, without provenance and usage; fields that it does not have are left out."""
    return _ENCODER.encode(msgspec.structs.replace(metadata, provenance={}, usage=None))


def encode_usage(metadata: Metadata) -> bytes | None:
    """What may be done with the page; None where it does not say."""
    return None if metadata.usage is None else _ENCODER.encode(metadata.usage)


def decode_usage(usage: bytes | None) -> Usage | None:
    """The inverse. Raises `msgspec.DecodeError`."""
    return None if usage is None else _USAGE.decode(usage)


def encode_provenance(metadata: Metadata) -> bytes:
    """The provenance of `metadata` as JSON: field → the rule that won and what the others offered."""
    return _ENCODER.encode(metadata.provenance)


def decode_metadata(values: bytes, provenance: bytes = b"{}") -> Metadata:
    """The inverse of the two above. Raises `msgspec.DecodeError` where `values` or `provenance` is not what they
    wrote."""
    return msgspec.structs.replace(_METADATA.decode(values), provenance=_PROVENANCE.decode(provenance))
