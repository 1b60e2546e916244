"""The dedup key: the form of a URL in which everything is gone that cannot change the page.

The WHATWG parse takes the default port, dot segments and the host's case. Here go: user information, the fragment (not
`#!`, which single-page applications route by), an empty query, tracking parameters (`tracking.py`), the host's trailing
dot, repeated slashes; escapes get one form (RFC 3986, section 6.2.2: unreserved characters plain, all others escaped in
upper case), `a=` is `a`, and the query's pairs are sorted by name, several of one name keeping their order.

The key of a key is itself. The key is compared and stored, and never fetched.
"""

import re
from functools import lru_cache

from fetchers.urls import without_user
from schedulers.errors import InvalidUrl
from schedulers.urls.extract import extract_urls
from schedulers.urls.parse import parse_url
from schedulers.urls.tracking import tracking_of

_UNUSUAL = re.compile(r"[#?%\[\]^`{|}\\]")
"""A URL without any of these, without repeated slashes and without a dot before one is its own key."""

_ESCAPES = re.compile(
    r"%(?:(?![0-9A-F]{2})(?:[0-9A-Fa-f]{2})?|2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])|[\[\]\\^`{|}]"
)
"""Escapes in lower case or of an unreserved character, a percent sign that begins none, and what RFC 3986 wants escaped
although the URL standard lets it be. Not the escapes that stay as they are: a URL may hold sixteen thousand."""

_SLASHES = re.compile(r"(?<!:)//+")
"""Not behind a colon: a path may hold another URL (`/web/2026/https://example.com/`)."""

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

_HEX = "0123456789ABCDEFabcdef"


def _form_of(digits: str) -> str:
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"


_FORMS = {
    **{f"%{high}{low}": _form_of(high + low) for high in _HEX for low in _HEX},
    **{character: f"%{ord(character):02X}" for character in "%[]\\^`{|}"},
}
"""The one form of everything that `_ESCAPES` finds."""


def dedup_key(url: str) -> str:
    """The normalised form of `url`, which is the same for URLs of the same page. Raises `InvalidUrl`."""
    try:
        url = without_user(parse_url(url))
    except InvalidUrl:
        url = without_user(_completed(url))
    if not url.startswith(("http://", "https://")):
        return _key_of_file(url) if url.startswith("file:///") else url
    if _UNUSUAL.search(url) or url.find("//", 8) >= 0 or "./" in url or ".:" in url:
        return _key(url)
    return url


@lru_cache(maxsize=512)
def _key(url: str) -> str:
    """Cached: a URL in flight is asked for its key a handful of times, and a long one takes milliseconds."""
    head, _, fragment = url.partition("#")
    authority_end = head.index("/", 8)
    path, _, query = head[authority_end:].partition("?")
    authority = _without_trailing_dot(head[:authority_end])
    key = authority + _SLASHES.sub("/", _escaped(path))
    if query and (pairs := _pairs(_escaped(query), authority)):
        key = f"{key}?{pairs}"
    return f"{key}#{fragment}" if fragment.startswith("!") else key


def _pairs(query: str, authority: str) -> str:
    """What is left of the query, in the order of the names. A pair without a name says nothing."""
    is_tracking = tracking_of(authority)
    if "&" not in query:
        name, equals, value = query.partition("=")
        return "" if not name or is_tracking(name) else query if value or not equals else name
    kept = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name and not is_tracking(name):
            kept.append((name, pair if value else name))
    kept.sort(key=_name)
    return "&".join([pair for _, pair in kept])


def _name(named: tuple[str, str]) -> str:
    return named[0]


def _without_trailing_dot(authority: str) -> str:
    """`https://example.com.:81` and `https://example.com:81` are one host; of two dots neither is taken."""
    host, colon, port = authority.rpartition(":")
    if not port.isdecimal():
        host, colon, port = authority, "", ""
    if host.endswith(".") and not host.endswith(".."):
        return f"{host[:-1]}{colon}{port}"
    return authority


def _escaped(text: str) -> str:
    return _ESCAPES.sub(_one_form, text)


def _one_form(found: re.Match[str]) -> str:
    return _FORMS[found[0]]


def _key_of_file(url: str) -> str:
    """The minimal form of RFC 8089, appendix B: `file:/path`."""
    return "file:" + _SLASHES.sub("/", url.partition("#")[0][7:])


def _completed(text: str) -> str:
    """A host without a scheme gets http where a text would yield it as a whole; raises `InvalidUrl` for all else."""
    text = text.strip()
    found = extract_urls(text) if len(text) <= 4096 else []
    if len(found) != 1 or found[0].url != text:
        return parse_url(text)
    return parse_url(f"http://{text}")
