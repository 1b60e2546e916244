"""Which addresses a pipeline may be asked for. Pure; the network's own guards stand behind the `Source` port."""

from functools import lru_cache
from urllib.parse import urlsplit

from imagepipe.errors import SourceNotAllowed

_MAX_URL = 4096


@lru_cache(maxsize=4096)
def check_source(url: str, allow_hosts: tuple[str, ...]) -> None:
    """`SourceNotAllowed` unless it is http(s), not absurdly long, and its host is on the list (empty = any)."""
    if len(url) > _MAX_URL or any(ord(letter) < 33 for letter in url):
        raise SourceNotAllowed(f"src: at most {_MAX_URL} characters, and no blanks or controls")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise SourceNotAllowed(f"src: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise SourceNotAllowed("src: an address that begins with http:// or https://")
    if allow_hosts and not any(_matches(host, pattern) for pattern in allow_hosts):
        raise SourceNotAllowed(f"src: pictures of {host} are not served here")


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
