"""Settings of the flow, with defaults and units. Frozen; `validate()` says which value is wrong and what would be
right."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds for which a URL is not fetched again, by how the last fetch ended. `dns_error` doubles each time that the
    name has no address again, up to `client_error`.
    """

    success: float = 24 * HOUR
    client_error: float = 6 * HOUR
    server_error: float = 600.0
    robots_denied: float = 24 * HOUR
    dns_error: float = 60.0


@dataclass(frozen=True, slots=True)
class OneTimeLinks:
    """Whether links are fetched that a fetch would use up (`schedulers.urls.one_time`). `domains` are exceptions, for
    each domain with everything below it."""

    fetch: bool = False
    domains: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchedulersConfig:
    """`count` schedulers share the queue, each with at most `in_flight` messages at once.

    A URL whose turn lies further off than `defer_after` seconds is deferred, so that it holds no place meanwhile; one
    that a server puts off (429, 503) at most `most_deferrals` times. An event whose handling raised `most_errors`
    times, or that was delivered `most_deliveries` times (each crash in the middle is one), goes to the dead letters.
    An event with more than `most_urls` URLs, or a text of more than `most_text_bytes`, is refused.

    `blocked_domains` are never asked for anything, with everything below them; `blocked_domains_file` holds more of
    them, one a line, and is read again when it changes. With `tdmrep` each host is asked once a day what it reserves of
    text and data mining (`/.well-known/tdmrep.json`).

    With `pictures` a page's picture is fetched and measured; with `icons` its icon is fetched as well, and so many
    `further_pictures` that it names, to be there when they are shown.
    """

    count: int = 2
    in_flight: int = 256
    defer_after: float = 2.0
    most_deferrals: int = 3
    longest_deferral: float = 24 * HOUR
    most_errors: int = 5
    most_deliveries: int = 100
    most_urls: int = 1_000
    most_text_bytes: int = 262_144
    freshness: Freshness = field(default_factory=Freshness)
    one_time: OneTimeLinks = field(default_factory=OneTimeLinks)
    blocked_domains: tuple[str, ...] = ()
    blocked_domains_file: str = ""
    pictures: bool = True
    icons: bool = False
    further_pictures: int = 0
    tdmrep: bool = False

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        for name in ("count", "in_flight", "most_errors", "most_deliveries", "most_urls", "most_text_bytes"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"schedulers.{name} is {value}; it takes a whole number from 1 up")
        if not 0 <= self.further_pictures <= 20:
            raise ValueError(f"schedulers.further_pictures is {self.further_pictures}; it takes a number from 0 to 20")
        if self.defer_after < 0:
            raise ValueError(f"schedulers.defer_after is {self.defer_after}; it takes seconds, 0 or more")
        for name in ("success", "client_error", "server_error", "robots_denied", "dns_error"):
            value = getattr(self.freshness, name)
            if value < 0:
                raise ValueError(f"schedulers.freshness.{name} is {value}; it takes seconds, 0 or more")
