"""What of a URL a list may name: its hosts, itself, and the expressions of Safe Browsing. Pure.

The canonical form and the expressions are those of the Safe Browsing API (developers.google.com/safe-browsing,
"URLs and Hashing"), so that lists of hash prefixes made for it can be used.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from fetchers.errors import InvalidUrl
from fetchers.urls import split
from groundwork.address_guard import ipv4_within

MOST_UNESCAPES = 32
"""Rounds of percent-decoding. The longest URL needs fewer unless it was made to waste time."""
MOST_HOSTS = 4
"""Suffixes of a host beside itself, of its last five labels (Safe Browsing)."""
MOST_PATHS = 4
"""Directories of a path from the root, beside the path itself with and without its query (Safe Browsing)."""
MOST_LABELS = 32
"""Of a host, from its end, for lists of domains."""
_ESCAPED = re.compile(rb"[\x00-\x20\x7f-\xff#%]")
_CANONICAL = re.compile(r"/[!$&-~]*")
"""ASCII without `#`, `%`, quotes and spaces: nothing is escaped, and nothing has to be."""
_SLASHES = re.compile(rb"/{2,}")


class Canonical(NamedTuple):
    """A URL in the canonical form: `host` without dots around it, `path` escaped, `query` None where there is none."""

    host: str
    path: str
    query: str | None

    @property
    def exact(self) -> str:
        """Host, path and query as one expression."""
        return self.host + self.path + ("" if self.query is None else f"?{self.query}")


def canonical(url: str) -> Canonical | None:
    """The canonical form; None for what is no URL of the web."""
    try:
        parts = split(url)
    except InvalidUrl:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    host = parts.host
    if ".." in host or host[:1] == "." or host[-1:] == ".":
        host = ".".join(label for label in host.split(".") if label)
    if _CANONICAL.fullmatch(parts.target) and "/." not in parts.target and "//" not in parts.target:
        plain, mark, query = parts.target.partition("?")
        return Canonical(host, plain, query if mark else None)
    target, _, query = parts.target.partition("?")
    path = _SLASHES.sub(b"/", _without_dots(_unescaped(target)))
    return Canonical(host, _escaped(path or b"/"), _escaped(_unescaped(query)) if "?" in parts.target else None)


def hosts(host: str) -> Iterator[str]:
    """The host and everything above it, the host first: what a list of domains may name. An IPv6 address that leads to
    an IPv4 one is that one as well."""
    yield host
    if host.startswith("["):
        within = ipv4_within(IPv6Address(host[1:-1]))
        if within is not None:
            yield str(within)
        return
    if host.replace(".", "").isdigit():
        return
    labels = host.split(".")[-MOST_LABELS:]
    for start in range(1, len(labels)):
        yield ".".join(labels[start:])


def expressions(url: Canonical) -> Iterator[str]:
    """Up to thirty: each host suffix with each path prefix, the most exact first."""
    prefixes = list(_paths(url))
    for host in _suffixes(url.host):
        for path in prefixes:
            yield host + path


def _suffixes(host: str) -> Iterator[str]:
    yield host
    if host.startswith("[") or host.replace(".", "").isdigit():
        return
    labels = host.split(".")
    for count in range(min(MOST_HOSTS + 1, len(labels) - 1), 1, -1):
        yield ".".join(labels[-count:])


def _paths(url: Canonical) -> Iterator[str]:
    if url.query is not None:
        yield f"{url.path}?{url.query}"
    yield url.path
    parts = url.path.split("/")[1:-1]
    prefixes = ["/"]
    for part in parts[: MOST_PATHS - 1]:
        prefixes.append(f"{prefixes[-1]}{part}/")
    yield from (prefix for prefix in prefixes if prefix != url.path)


def _unescaped(text: str) -> bytes:
    """Percent-decoded until nothing changes."""
    found = text.encode("utf-8", "surrogateescape")
    for _ in range(MOST_UNESCAPES):
        decoded = unquote_to_bytes(found)
        if decoded == found:
            break
        found = decoded
    return found


def _without_dots(path: bytes) -> bytes:
    kept: list[bytes] = []
    parts = path.split(b"/")
    for part in parts:
        if part == b"..":
            if len(kept) > 1:
                kept.pop()
        elif part != b".":
            kept.append(part)
    if parts[-1] in (b".", b"..") and kept[-1:] != [b""]:
        kept.append(b"")
    return b"/".join(kept)


def _escaped(data: bytes) -> str:
    return _ESCAPED.sub(lambda match: b"%%%02X" % match[0][0], data).decode("ascii")
