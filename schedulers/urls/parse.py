"""Parsing, with this package's own error."""

import re

from fetchers import urls as whatwg
from schedulers.errors import InvalidUrl

_HOST = re.compile(r"(?:[^\s./?#:@][^\s/?#:@]*\.[^\s/?#:@.]+\.?|localhost)(?::\d{1,5})?(?:[/?#]|$)", re.IGNORECASE)
"""What a person means by a host, with a port or not. To the standard, `example.com:80` has the scheme `example.com`."""


def parse_url(text: str, base: str | None = None) -> str:
    """The WHATWG serialisation of `text`, relative to `base` where that is given. Raises `InvalidUrl`."""
    try:
        return whatwg.parse(text, base)
    except ValueError as error:
        raise InvalidUrl(str(error)) from error


def parse_shared(text: str) -> str:
    """The same for what people type and share: a host without a scheme gets `http://`, and user information is dropped.
    Raises `InvalidUrl`."""
    bare = text.strip()
    return whatwg.without_user(parse_url(f"http://{bare}" if _HOST.match(bare) else text))
