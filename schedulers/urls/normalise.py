"""The dedup key: the form of a URL in which everything is gone that cannot change the page.

Gone are: the fragment (not `#!`, which single-page applications route by), the default port, dot segments (the WHATWG parse
does both), an empty query, percent-encoding of unreserved characters (RFC 3986, section 6.2.2.2), tracking parameters
(`tracking.toml`), a trailing dot of the host. The query's pairs are sorted by name; several of one name keep their order.
"""

import re
from functools import cache
from importlib import resources

import msgspec

from schedulers.urls.parse import parse_url

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def dedup_key(url: str) -> str:
    """The key. Raises `InvalidUrl`. The key of a key is itself."""
    url = parse_url(url)
    head, _, fragment = url.partition("#")
    if not url.startswith(("http://", "https://")):
        return url
    if "%" in head:
        head = parse_url(_ESCAPE.sub(_decoded, head))
    authority_end = head.find("/", 8)
    authority, rest = head[:authority_end], head[authority_end:]
    path, mark, query = rest.partition("?")
    key = _without_trailing_dot(authority) + path
    if mark and (kept := _kept_pairs(query)):
        key = f"{key}?{kept}"
    return f"{key}#{fragment}" if fragment.startswith("!") else key


def _kept_pairs(query: str) -> str:
    if "&" not in query:
        return "" if not query or _is_tracking(query.partition("=")[0]) else query
    pairs = [(pair.partition("=")[0], pair) for pair in query.split("&") if pair]
    kept = [named for named in pairs if not _is_tracking(named[0])]
    kept.sort(key=lambda named: named[0])
    return "&".join(pair for _, pair in kept)


def _without_trailing_dot(authority: str) -> str:
    scheme, _, rest = authority.partition("://")
    host, colon, port = rest.partition(":") if "]" not in rest else (rest, "", "")
    return f"{scheme}://{host[:-1]}{colon}{port}" if host.endswith(".") else authority


def _decoded(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _is_tracking(name: str) -> bool:
    names, prefixes = _tracking()
    return name in names or name.startswith(prefixes)


@cache
def _tracking() -> tuple[frozenset[str], tuple[str, ...]]:
    """The names and the prefixes, read when first asked for."""
    groups = msgspec.toml.decode(resources.files("schedulers.urls").joinpath("tracking.toml").read_bytes())["group"]
    listed = [name for group in groups for name in group["names"]]
    prefixes = tuple(name[:-1] for name in listed if name.endswith("*"))
    return frozenset(name for name in listed if not name.endswith("*")), prefixes
