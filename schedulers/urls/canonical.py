"""May a page claim this canonical URL? Only on its own registrable domain, and never a home page for a deep link.

Used by `schedulers.metadata`, which collects the claims. In doubt the page keeps its own URL.
"""

import re

from fetchers.urls import registrable_domain, split
from schedulers.errors import InvalidUrl
from schedulers.urls.normalise import dedup_key
from schedulers.urls.parse import parse_url

_UNFILLED = re.compile(r"[\s<>{}]")
"""White space, and placeholders that a template did not fill."""

_JUNK = re.compile(r"(?:#.*|null|none|undefined|nan|true|false|\[object object\])?", re.IGNORECASE)
"""What scripts print where there is no URL. Apart from the other, which would be tried with it at each character."""

_HOME = re.compile(r"/(?:(?:index|default|home)(?:\.[a-z]{2,5})?)?/?", re.IGNORECASE)
"""The path of a home page."""


_LANGUAGE_HOME = re.compile(r"/[a-z]{2}(?:[-_][a-z]{2,4})?(?:/(?:index(?:\.[a-z]{2,5})?)?)?", re.IGNORECASE)
"""The home page of a language, `/en/` or `/pt-br`."""


def accepted_canonical(claimed: str, page_url: str) -> str | None:
    """The URL that the page at `page_url` claims to be (`claimed`), absolute and without its fragment; None where the
    claim is not to be believed."""
    claimed = claimed.strip()
    if _UNFILLED.search(claimed) or _JUNK.fullmatch(claimed):
        return None
    try:
        url = parse_url(claimed, page_url).partition("#")[0]
        page = parse_url(page_url).partition("#")[0]
    except InvalidUrl:
        return None
    if not url.startswith(("http://", "https://")) or _names_a_user(url):
        return None
    if not _same_origin(url, page) and registrable_domain(split(url).host) != registrable_domain(split(page).host):
        return None
    return None if _leads_elsewhere(url, page) else url


def _leads_elsewhere(url: str, page: str) -> bool:
    """Whether the claim is a template's slip: a home page, a list above the page, its own address spelt wrongly."""
    path, own = _path_of(url), _path_of(page)
    if is_home(url):
        return not is_home(page)
    if path == own:
        return False
    if _LANGUAGE_HOME.fullmatch(path) and not _LANGUAGE_HOME.fullmatch(own):
        return True
    if "://" in path or "%3F" in path.upper() or "%23" in path:
        return True
    if path.startswith(f"/{split(url).host}/"):
        return True
    if path.endswith(("/undefined", "/null", "/404")):
        return True
    # A folder above the page, not the page without its number (`/news/1/title` may claim `/news/1`).
    return path.endswith("/") and own.startswith(path) and "?" not in url


def _path_of(url: str) -> str:
    return url[url.find("/", 8) :].partition("?")[0]


def _same_origin(url: str, page: str) -> bool:
    """Most claims are, and this spares taking both apart."""
    return page.startswith(("http://", "https://")) and url.startswith(page[: page.find("/", 8) + 1])


def _names_a_user(url: str) -> bool:
    return "@" in url[8:].partition("/")[0]


def is_home(url: str) -> bool:
    """Whether a serialised URL is that of a site's first page.

    Tracking parameters make no deep link of a home page; other parameters do (`/?p=123`)."""
    path = url[url.find("/", 8) :].partition("?")[0]
    if not _HOME.fullmatch(path) and "%" not in path and "//" not in path:
        return False  # the common case, in which no key needs to be made
    return _HOME.fullmatch(split(dedup_key(url)).target) is not None
