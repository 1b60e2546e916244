"""Where an HTTP answer leads, if it is a redirect. Pure; used for pages (`client/redirects.py`) and for robots.txt.

The target is resolved by the WHATWG rules against the URL that answered, and takes over its fragment (RFC 9110, section
10.2.2).
"""

import re
from typing import Final

from fetchers.errors import InvalidUrl
from fetchers.model import Response
from fetchers.urls import parse, without_user

LONGEST_TARGET = 16_384
"""Characters, percent-encoded: what is shared may be no longer either. Each hop's URL is stored, told and kept."""
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def redirect_target(response: Response) -> str | None:
    """The absolute URL in `Location`; None where this is no redirect, or one that names no place."""
    if response.status_code not in REDIRECTS:
        return None
    location = response.header("location")
    if location is None:
        return None
    return resolve(location, response.url)


def resolve(location: str, base: str) -> str | None:
    """`location` against `base`, without user information, and with the fragment of `base` where it has none; None for
    a broken or overlong one."""
    try:
        target = without_user(parse(location.strip(), base))
    except InvalidUrl:
        return None
    fragment = base.partition("#")[2]
    target = f"{target}#{fragment}" if fragment and "#" not in target else target
    return target if len(target) <= LONGEST_TARGET else None


_REFRESH = re.compile(r"^\s*(\d+(?:\.\d*)?)\s*[;,]?\s*(?:url\s*=\s*)?(.*)$", re.IGNORECASE | re.DOTALL)

LONGEST_REFRESH_SECONDS = 5.0
"""A page that sends people on later than this is meant to be read; browsers and search engines draw the line alike."""


def refresh_target(value: str, base: str) -> str | None:
    """The URL of a `Refresh` header or a meta refresh (WHATWG HTML, section 4.2.5.3), where its delay is short."""
    match = _REFRESH.match(value)
    if match is None or float(match[1]) > LONGEST_REFRESH_SECONDS:
        return None
    text = match[2].strip()
    if text[:1] in ("'", '"'):
        text = text[1:].partition(text[0])[0]
    return resolve(text, base) if text else None
