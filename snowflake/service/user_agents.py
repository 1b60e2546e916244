"""Who asks, counted by the name at the beginning of `User-Agent`, by the pattern of Twitter's server.

What callers send never grows memory beyond a bound.
"""

import re
from collections import Counter

# com.twitter.service.snowflake.IdWorker: genUser = "([a-zA-Z][a-zA-Z\-0-9]*)"
_NAME = re.compile(rb"[a-zA-Z][a-zA-Z0-9-]*")
_MOST = 256
INVALID, OTHER = "(invalid)", "(other)"


class UserAgents:
    """`count` is on the hot path: each distinct header is looked at once."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._names: dict[bytes, str] = {}

    def count(self, header: bytes) -> None:
        self.counts[self._names.get(header) or self._name(header)] += 1

    def _name(self, header: bytes) -> str:
        """The product's name, version cut off: `curl/8.5.0` is `curl`."""
        product = header.split(b" ", 1)[0].split(b"/", 1)[0]
        name = product[:64].decode("ascii") if _NAME.fullmatch(product) else INVALID
        if name not in self.counts and len(self.counts) >= _MOST:
            name = OTHER
        if len(self._names) < _MOST * 4:
            self._names[header] = name
        return name
