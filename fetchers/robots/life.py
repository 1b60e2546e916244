"""How long a robots.txt holds, and which copy holds instead where it could not be had. Pure; asked by
`gate.py`.

RFC 9309, sections 2.3.1.4 and 2.4. `Cache-Control` is respected, yet nobody is asked more than once an hour nor
believed for longer than a day; while a server is in trouble its last good copy holds, for at most thirty days.
"""

import re
from collections.abc import Iterable

LONGEST_LIFE = 86_400.0
"""RFC 9309, section 2.4: a cached version should not be used for more than 24 hours, unless it is unreachable."""
SHORTEST_LIFE = 3_600.0
LONGEST_STALE = 30 * 86_400.0
"""RFC 9309, section 2.3.1.4: what is a "reasonably long period of time", for example 30 days."""
LIFE_OF_FAILURE = 600.0
"""A host in trouble is asked again after ten minutes, as its pages are."""
LIFE_OF_DNS_FAILURE = 30.0
"""Name servers recover sooner, and a URL that had no address is asked again after a minute."""

_SECONDS = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,10})")


def life(headers: Iterable[tuple[str, str]]) -> float:
    """Seconds for which an answer with these headers (names in lower case) holds."""
    asked = LONGEST_LIFE
    for name, value in headers:
        if name != "cache-control":
            continue
        directives = value.lower()
        if "no-store" in directives or "no-cache" in directives:
            asked = 0.0
        elif match := _SECONDS.search(directives):
            asked = float(match[1])
    return min(max(asked, SHORTEST_LIFE), LONGEST_LIFE)


def may_be_used(fetched_at: float, now: float) -> bool:
    """Whether a copy fetched then still holds while its server is in trouble."""
    return now - fetched_at <= LONGEST_STALE
