"""Where an HTTP answer leads, if it is a redirect. Pure; used for pages (`client/redirects.py`) and for robots.txt.

The target is resolved by the WHATWG rules against the URL that answered, and takes over its fragment (RFC 9110, section
10.2.2). Headers are bytes, here one character each: those of a URL go on as they stand, as browsers do it.
"""

import re
from typing import Final

from fetchers.errors import InvalidUrl
from fetchers.model import Headers, Response
from fetchers.urls import parse, url_text, without_user

LONGEST_TARGET = 16_384
"""Characters, percent-encoded: what is shared may be no longer either. Each hop's URL is stored, told and kept."""
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
WEB = ("http://", "https://")
SPACE = "\t\n\x0c\r "
"""What HTML and URLs count as white space; Python counts bytes of UTF-8 as well."""


def redirect_target(response: Response) -> str | None:
    """The absolute URL in `Location`; None where this is no redirect, or one that names no place."""
    if response.status_code not in REDIRECTS:
        return None
    location = location_of(response)
    return None if location is None else resolve(location, response.url)


def location_of(response: Response) -> str | None:
    """The first `Location` that says something, as text: an empty one is passed over, as Chrome does."""
    for name, value in response.headers:
        if name == "location" and (text := url_text(value).strip(SPACE)):
            return text
    return None


def target_in_head(status_code: int, headers: Headers, url: str) -> str | None:
    """Where an answer leads whose body is still to come: by `Location` or a `Refresh` header to another page."""
    head = Response(url, status_code, headers, b"", 0.0)
    return redirect_target(head) or (refresh_in_head(head) if 200 <= status_code < 300 else None)


def refresh_in_head(head: Response) -> str | None:
    """Where its `Refresh` header leads, if to another page."""
    refresh = head.header("refresh")
    target = None if refresh is None else refresh_target(url_text(refresh), head.url)
    return None if target is None or is_same_page(target, head.url) else target


def resolve(location: str, base: str) -> str | None:
    """`location` against `base`, without user information, and with the fragment of `base` where it has none; None for
    a broken or overlong one."""
    try:
        target = without_user(parse(location.strip(SPACE), base))
    except InvalidUrl:
        return None
    fragment = base.partition("#")[2]
    target = f"{target}#{fragment}" if fragment and "#" not in target else target
    return target if len(target) <= LONGEST_TARGET else None


def is_same_page(target: str, url: str) -> bool:
    """A page that reloads itself is no redirect."""
    return as_sent(target) == as_sent(url)


def as_sent(url: str) -> str:
    """Without the fragment, which no server sees."""
    return url.partition("#")[0]


_REFRESH = re.compile(r"^\s*(\d+|(?=\.))[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?(.*)$", re.IGNORECASE | re.DOTALL | re.ASCII)

LONGEST_REFRESH_SECONDS = 5
"""A page that sends people on later than this is meant to be read; browsers and search engines draw the line alike."""


def refresh_target(value: str, base: str) -> str | None:
    """The URL of a `Refresh` header or a meta refresh (WHATWG HTML, section 4.2.5.3), where its delay is short.

    The page is shown where that is no web address: it opens an app, or is script, which the standard passes over.
    """
    match = _REFRESH.match(value)
    if match is None or len(match[1].lstrip("0")) > 1 or int(match[1] or 0) > LONGEST_REFRESH_SECONDS:
        return None
    text = match[2].strip(SPACE)
    if text[:1] in ("'", '"'):
        text = text[1:].partition(text[0])[0]
    target = resolve(text, base) if text else None
    return target if target is not None and target.startswith(WEB) else None
