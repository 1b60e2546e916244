"""Which addresses a picture may come from. Pure; the network's own guards stand behind the `Source` port.

An address is read by the parser that the fetch uses too (the URL standard's), so that what was checked is what is asked
for, and every spelling of an address is one picture.
"""

from functools import lru_cache

import ada_url

from imagepipe.errors import SourceNotAllowed

MAX_URL = 4096


@lru_cache(maxsize=4096)
def normal_source(url: str) -> str:
    """The address as the URL standard writes it, without fragment and user information. `SourceNotAllowed` for what is
    absurdly long or no http(s) address."""
    if len(url) > MAX_URL or any(ord(letter) < 32 or letter == "\x7f" for letter in url):
        raise SourceNotAllowed(f"src: at most {MAX_URL} characters, and no controls")
    try:
        parsed = ada_url.URL(url)
        parsed.username = parsed.password = parsed.hash = ""
        normal = parsed.href
    except ValueError as error:
        raise SourceNotAllowed("src: a URL that begins with http:// or https://") from error
    if not normal.startswith(("http://", "https://")):
        raise SourceNotAllowed("src: a URL that begins with http:// or https://")
    if len(normal) > 3 * MAX_URL:
        raise SourceNotAllowed(f"src: at most {MAX_URL} characters")
    return str(normal)


def check_source(url: str, allow_hosts: tuple[str, ...]) -> str:
    """The address to ask for (`normal_source`). `SourceNotAllowed` unless its host is on the list (empty = any)."""
    normal = normal_source(url)
    if allow_hosts and not is_on(normal, allow_hosts):
        raise SourceNotAllowed(f"src: pictures of {host_of(normal)} are not served here")
    return normal


def admits(url: str, lists: tuple[tuple[str, ...], ...]) -> bool:
    """Whether a redirect may lead to `url`: its host is on every one of the lists that is not empty."""
    try:
        normal = normal_source(url)
    except SourceNotAllowed:
        return False
    return all(is_on(normal, patterns) for patterns in lists if patterns)


def is_on(normal: str, patterns: tuple[str, ...]) -> bool:
    """Whether the host of an address (from `normal_source`) fits one of the patterns: `example.com`, `*.example.com`
    for what lies below it, `*` for all."""
    host = host_of(normal)
    return any(_matches(host, pattern) for pattern in _normal_patterns(patterns))


def host_of(normal: str) -> str:
    """The host of an address (from `normal_source`), without a trailing dot."""
    authority = normal.partition("://")[2].partition("/")[0]
    host = authority if authority.endswith("]") else authority.rpartition(":")[0] or authority
    return host.rstrip(".")


@lru_cache(maxsize=256)
def _normal_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_normal_pattern(pattern.strip()) for pattern in patterns)


def _normal_pattern(pattern: str) -> str:
    """In the parser's spelling. What is no host stays as it is, and fits nothing."""
    below = pattern.startswith("*.")
    name = pattern[2:] if below else pattern
    try:
        host = host_of(normal_source(f"http://{name}/"))
    except SourceNotAllowed:
        host = name
    return f"*.{host}" if below else host


def _matches(host: str, pattern: str) -> bool:
    return pattern == "*" or (host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern)
