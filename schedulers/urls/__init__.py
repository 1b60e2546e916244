"""URLs: found in texts, parsed by the WHATWG standard, and reduced to the key that decides "same page". Pure."""

from schedulers.urls.canonical import accepted_canonical
from schedulers.urls.clean import CleanUrl, clean_url
from schedulers.urls.extract import ExtractedUrl, extract_urls
from schedulers.urls.normalise import dedup_key
from schedulers.urls.one_time import is_one_time
from schedulers.urls.parse import parse_shared, parse_url

__all__ = [
    "CleanUrl",
    "ExtractedUrl",
    "accepted_canonical",
    "clean_url",
    "dedup_key",
    "extract_urls",
    "is_one_time",
    "parse_shared",
    "parse_url",
]
