"""URLs found in a page, made absolute: against `<base>`, http and https only, nothing that is no address.

Used by every field that holds a URL. A value that is not a fetchable URL is no value.
"""

import re

from fetchers import urls
from schedulers.metadata.clean import unescape_again

URL_LIMIT = 2_000
_WEB = ("http://", "https://")
# What templates leave where a URL was missing; each would resolve to a page that exists.
_JUNK = frozenset(("#", "null", "undefined", "none", "false", "true", "about:blank", "[object object]", "n/a"))

# Addresses that the parser gives back as they are: a plain path without an escape, without a segment that begins with a
# dot, and for an absolute one a host of plain labels that is no number and no punycode. Most addresses of most pages
# are such; each spares a call of the parser, which lets the interpreter's lock go.
_REST = r"(?:/(?!\.)[\w~!$&'()*+,;=:@.-]*+)*+(?:\?[\w~!$&()*+,;=:@/?.%-]*+)?+"
_PLAIN = re.compile(rf"https?://(?:(?!xn--)[a-z0-9-]++\.)++(?!xn--)[a-z]++(?=/){_REST}", re.ASCII)
_PLAIN_PATH = re.compile(rf"(?=/(?!/)){_REST}", re.ASCII)


def absolute(value: str | None, base: str) -> str | None:
    """The fetchable URL that `value` names on a page whose base is `base`, or `None`."""
    if not value or len(value) > URL_LIMIT:
        return None
    if ";" in value and "&" in value:
        value = unescape_again(value)
    if _PLAIN.fullmatch(value):
        return value
    try:
        if _PLAIN_PATH.fullmatch(value) and base.startswith(_WEB) and "@" not in base:
            url = urls.split(base).origin + value
        else:
            value = value.strip()
            if not value or value.lower() in _JUNK or "{{" in value or "${" in value or "<" in value:
                return None
            url = urls.without_user(urls.parse(value, base))
    except ValueError:  # `fetchers.errors.InvalidUrl`: an expected ending here
        return None
    return url if url.startswith(_WEB) and len(url) <= URL_LIMIT else None


def host(url: str) -> str:
    """The host of a serialised URL, lower case; "" where it has none."""
    rest = url.partition("://")[2]
    authority = rest.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0].rpartition("@")[2]
    return authority if authority.endswith("]") else authority.partition(":")[0]


def site_of(url: str) -> str:
    """The registrable domain of a serialised URL: nobody may speak for a page on another's."""
    return urls.registrable_domain(host(url))
