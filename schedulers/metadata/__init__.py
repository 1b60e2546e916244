"""What a page is: from the bytes of an answer to title, description, picture, dates and all the rest.

Read `extract.py` first, then any file of `fields/`. Pure: bytes in, values out.
"""

from schedulers.metadata.charset import sniff_encoding
from schedulers.metadata.extract import FAILURE, examine, extract_metadata, kind_of
from schedulers.metadata.fields.oembed import endpoint_of
from schedulers.metadata.fields.title import explained as title_explained
from schedulers.metadata.interstitials import kind_of as wall_kind
from schedulers.metadata.kinds.oembed_answer import read_oembed
from schedulers.metadata.model import (
    AlternateLanguage,
    Alternative,
    AppLink,
    Feed,
    Icon,
    Image,
    Media,
    Metadata,
    OEmbed,
    Player,
    Price,
    Provenance,
    Robots,
    Signal,
    Usage,
    decode_metadata,
    decode_usage,
    encode_metadata,
    encode_provenance,
    encode_usage,
)
from schedulers.metadata.options import Examined, ReadingOptions
from schedulers.metadata.picture_counter import PictureCounter, note_in, note_picture
from schedulers.metadata.ports import GenericPictures
from schedulers.metadata.usage import Purpose, shown, unavailable_from, withheld
from schedulers.metadata.usage import refusal as usage_refusal

__all__ = [
    "FAILURE",
    "AlternateLanguage",
    "Alternative",
    "AppLink",
    "Examined",
    "Feed",
    "GenericPictures",
    "Icon",
    "Image",
    "Media",
    "Metadata",
    "OEmbed",
    "PictureCounter",
    "Player",
    "Price",
    "Provenance",
    "Purpose",
    "ReadingOptions",
    "Robots",
    "Signal",
    "Usage",
    "decode_metadata",
    "decode_usage",
    "encode_metadata",
    "encode_provenance",
    "encode_usage",
    "endpoint_of",
    "examine",
    "extract_metadata",
    "kind_of",
    "note_in",
    "note_picture",
    "read_oembed",
    "shown",
    "sniff_encoding",
    "title_explained",
    "unavailable_from",
    "usage_refusal",
    "wall_kind",
    "withheld",
]
