"""Settings of the fetcher, with defaults and units. Frozen; `validate()` says which value is wrong and what would be
right.

`spiderduck.config` fills them from the TOML file and the environment; `python -m fetchers` uses them as they are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from ipaddress import ip_network

import msgspec

from fetchers.model import RateLimit
from fetchers.rates import wrong_limit, wrong_rate
from groundwork.version import VERSION as VERSION

_TOKEN = re.compile(r"[a-zA-Z_-]+(?:[0-9.]+$)?")


@dataclass(frozen=True, slots=True)
class RateLimits:
    """`per_second` and `burst` for every registrable domain, and exceptions by domain or suffix (`*.example.com`),
    which can have a `ceiling` too.

    The `address_` ones are for each server address on one fetcher, whatever the names: generous, for content networks.
    """

    per_second: float = 1.0
    burst: int = 4
    address_per_second: float = 50.0
    address_burst: int = 50
    domains: Mapping[str, RateLimit] = field(default_factory=dict)

    def for_domain(self, domain: str) -> RateLimit:
        """The exact name wins over a pattern, the longest pattern over a shorter one, the shipped list comes last."""
        found = lookup_pattern(self.domains, domain) or lookup_pattern(shipped_limits(), domain)
        return found or RateLimit(self.per_second, self.burst)


@dataclass(frozen=True, slots=True)
class Network:
    """`allow_addresses`: exceptions to the address guard. `resolve`: names that are dialled at a fixed `host:port`."""

    allow_addresses: tuple[str, ...] = ()
    resolve: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = (80, 443, 8000, 8080, 8443)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bytes and seconds that a request may take. Sizes are those of the decoded body;
    `bodies_bytes` is for all in flight."""

    page_bytes: int = 10 * 1024 * 1024
    picture_bytes: int = 20 * 1024 * 1024
    direct_bytes: int = 100 * 1024 * 1024
    media_bytes: int = 256 * 1024
    bodies_bytes: int = 256 * 1024 * 1024
    robots_bytes: int = 500 * 1024
    connect_seconds: float = 5.0
    first_byte_seconds: float = 15.0
    read_seconds: float = 10.0
    total_seconds: float = 30.0
    redirects: int = 20


@dataclass(frozen=True, slots=True)
class Queues:
    """How many requests may wait, and how long idle state is kept (seconds)."""

    per_domain: int = 10_000
    total: int = 200_000
    idle_seconds: float = 300.0
    sweep_seconds: float = 30.0
    connections: int = 512
    longest_crawl_delay: float = 60.0


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files for the way between callers and fetchers: `certificate` and `key` are one's own, `authority` signed
    those of both sides. All three or none.
    """

    certificate: str = ""
    key: str = ""
    authority: str = ""

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        given = [bool(self.certificate), bool(self.key), bool(self.authority)]
        if any(given) and not all(given):
            raise ValueError("fetchers.tls takes certificate, key and authority, all three or none")


@dataclass(frozen=True, slots=True)
class FetchersConfig:
    """All settings of the package. `user_agent` should name a page where site owners can read about the bot.

    In a cluster, callers ask one of `addresses` first (others are learnt; the name of a headless service will do) and
    send the `token` that all share, or show a certificate (`tls`, and addresses with `https`). A fetcher tells the
    others to call it at `advertise` (`http://host:port`); above `memory_bytes` of its own it forgets idle state earlier
    (0: never).
    """

    user_agent: str = f"SpiderDuck/{VERSION}"
    addresses: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    tls: Tls = field(default_factory=Tls)
    advertise: str = ""
    memory_bytes: int = 0
    rate_limit: RateLimits = field(default_factory=RateLimits)
    network: Network = field(default_factory=Network)
    limits: FetchLimits = field(default_factory=FetchLimits)
    queues: Queues = field(default_factory=Queues)

    @property
    def product_token(self) -> str:
        """The name that robots.txt rules are matched with (RFC 9309, section 2.2.1): `AB` for `AB42bot/1.0`, since a
        line that names it is read as `AB` too; a number at the end is part of it.
        """
        name = self.user_agent.split("/", 1)[0].split(" ", 1)[0]
        token = _TOKEN.match(name)
        return token[0] if token else name

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        default = RateLimit(self.rate_limit.per_second, self.rate_limit.burst)
        for name, limit in {"": default, **self.rate_limit.domains}.items():
            place = f"fetchers.rate_limit.domains.{name}" if name else "fetchers.rate_limit"
            if (wrong := wrong_limit(limit)) is not None:
                raise ValueError(f"{place}.{wrong}")
        wrong = wrong_rate(self.rate_limit.address_per_second, self.rate_limit.address_burst)
        if wrong is not None:
            raise ValueError(f"fetchers.rate_limit.address_{wrong}")
        for network in self.network.allow_addresses:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise ValueError(
                    f'fetchers.network.allow_addresses has {network!r}; it takes networks such as "127.0.0.0/8"'
                ) from error
        for name, target in self.network.resolve.items():
            host, _, port = target.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f'fetchers.network.resolve.{name} is {target!r}; it takes "host:port"')
        for address in (*self.addresses, *filter(None, (self.advertise,))):
            if not address.startswith(("http://", "https://")):
                raise ValueError(f'fetchers: {address!r} is no address of a fetcher; it takes "http://host:8080"')
        self.tls.validate()
        if not self.user_agent.isascii() or not self.user_agent.isprintable() or not self.product_token:
            raise ValueError(
                f'fetchers.user_agent is {self.user_agent!r}; it takes text such as "ExampleBot/1.0 (+https://…)"'
            )


def lookup_pattern(table: Mapping[str, RateLimit], domain: str) -> RateLimit | None:
    """`table[domain]`, else the longest `*.suffix` of it."""
    if not table:
        return None
    if (exact := table.get(domain)) is not None:
        return exact
    rest = domain
    while rest:
        if (found := table.get("*." + rest)) is not None:
            return found
        rest = rest.partition(".")[2]
    return None


_shipped: dict[str, RateLimit] = {}


def shipped_limits() -> Mapping[str, RateLimit]:
    """The shipped exceptions (`rate_limits.toml`), read once, when they are first asked for."""
    if not _shipped:
        text = resources.files("fetchers").joinpath("rate_limits.toml").read_bytes()
        groups = msgspec.toml.decode(text)["group"]
        for group in groups:
            limit = RateLimit(group["per_second"], group["burst"])
            _shipped.update(dict.fromkeys(group["domains"], limit))
    return _shipped
