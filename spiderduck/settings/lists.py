"""One list of bad links (docs/how-to/lists.md)."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["block", "warn", "note"]
ACTIONS: tuple[Action, ...] = ("block", "warn", "note")
FORMATS = ("domains", "hosts", "adblock", "urls", "urlhaus", "mastodon", "hash_prefixes", "content")
"""What each means stands in `spiderduck.lists.formats`."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ListConfig:
    """`path` is a file, read again within seconds when it changes. `format` is one of `domains`, `hosts`, `adblock`,
    `urls`, `urlhaus`, `mastodon`, `hash_prefixes`, `content`. `action`: `block` (never fetched, not shown), `warn` or
    `note`. `category` is a word for people, e.g. `malware`. After `max_age_s` seconds without a change of the file the
    list counts as stale, which shows; 0: never.
    """

    name: str
    path: str
    format: str = "domains"
    action: Action = "block"
    category: str = ""
    severity: str = ""
    max_age_s: float = 7 * DAY

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if not (self.name.isascii() and self.name.replace("-", "").replace("_", "").isalnum() and len(self.name) <= 64):
            raise ValueError(f"name is {self.name!r}; it takes letters, digits, - and _, at most 64")
        if not self.path:
            raise ValueError(f"path of {self.name} is empty; it takes a file")
        if self.format not in FORMATS:
            raise ValueError(f"format of {self.name} is {self.format!r}; it takes {', '.join(FORMATS)}")
        if self.action not in ACTIONS:
            raise ValueError(f"action of {self.name} is {self.action!r}; it takes {', '.join(ACTIONS)}")
        if not 0 <= self.max_age_s < 1e12:
            raise ValueError(f"max_age_s of {self.name} is {self.max_age_s!r}; it takes seconds, 0 for never")
