"""Parsing by the WHATWG URL Standard, and what people mean who leave the scheme away."""

import re

from fetchers import urls as whatwg
from schedulers.errors import InvalidUrl

_HOST = re.compile(r"(?:[^\s./?#:@][^\s/?#:@]*\.[^\s/?#:@.]+\.?|localhost)(?::\d{1,5})?(?:[/?#]|$)", re.IGNORECASE)
"""What a person means by a host, with a port or not. To the standard, `example.com:80` has the scheme `example.com`."""
_NUMBER = re.compile(r"[^/?#:]*?(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?(?:[/?#:]|$)", re.IGNORECASE)
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\.?(?:[/?#:]|$)")
"""To the standard every host that ends in a number is an address, `3.14` as well; nobody writes one so."""
SHOWN = 80
"""Characters of a text that a refusal repeats."""
_USER = re.compile(r"([^\s/?#@:]*):[^/?#]*@")
"""`name:password@`, without a scheme."""


def parse_url(text: str, base: str | None = None) -> str:
    """The WHATWG serialisation of `text`, relative to `base` where that is given. Raises `InvalidUrl`."""
    return whatwg.parse(text, base)


def parse_shared(text: str) -> str:
    """The WHATWG serialisation of `text` as people type and share it: a host without a scheme gets `http://`, and user
    information is dropped. Raises `InvalidUrl`."""
    bare = text.strip()
    user = _USER.match(bare)
    if user is not None and user[1].lower() not in whatwg.WITH_ADDRESSES and _HOST.match(bare, user.end()):
        bare = bare[user.end() :]
    if (is_host := _HOST.match(bare)) and _NUMBER.match(bare) and not _ADDRESS.match(bare):
        raise InvalidUrl(f"{bare[:SHOWN]!r} is no URL: a number is no host")
    try:
        return whatwg.without_user(parse_url(f"http://{bare}" if is_host else text))
    except InvalidUrl:
        # Only the user information may be what cannot be parsed: a slash in a password.
        if (rest := whatwg.redacted_url(text)) == text:
            raise
        return whatwg.without_user(parse_url(rest))
