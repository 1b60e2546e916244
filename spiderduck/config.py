"""All settings of the product: one TOML file, every key also an environment variable, typed and checked.

`[fetchers.rate_limit] burst = 4` is `SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST=4`. What is given on the command line beats
the environment, the environment beats the file, the file beats the defaults. Lists and tables in the environment are
JSON. A secret (a field that is left out of `repr`) may come from a file: `token_file = "…"`, or `…__TOKEN_FILE`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from fetchers.blocked_domains import BlockedDomains
from fetchers.config import FetchersConfig
from fetchers.rates import wrong_rate
from groundwork import settings
from groundwork.front.browsers import BrowserRules
from groundwork.front.limits import FrontLimits
from groundwork.settings import SettingError, Sources
from schedulers.config import SchedulersConfig
from spiderduck.errors import BadSetting
from spiderduck.keyring import ADMIN, LEAST_CHARACTERS, Entry, Key, is_there, plain_key
from spiderduck.settings.analytics import AnalyticsConfig
from spiderduck.settings.archive import ArchiveConfig
from spiderduck.settings.broker import BrokerConfig, QueuesConfig
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.settings.compat import CompatConfig
from spiderduck.settings.coordination import IdsConfig, MemcachedConfig, ZookeeperConfig
from spiderduck.settings.images import ImagesConfig
from spiderduck.settings.lists import ListConfig
from spiderduck.settings.shares import RechecksConfig, SharesConfig, TrendsConfig
from spiderduck.settings.traces import TracesConfig
from spiderduck.settings.webhooks import WebhooksConfig

PREFIX = "SPIDERDUCK_"
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Ages in days after which pages, finished events, archive files and shares are deleted; 0 keeps them for ever."""

    pages_days: float = 0.0
    archive_days: float = 0.0
    notices_days: float = 7.0
    events_days: float = 7.0
    shares_days: float = 0.0
    sweep_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A bearer key in the old form, in plain among the settings, and what it may do: `read`, `write`, `fetch`, `admin`.
    A rate of 0 takes the default."""

    key: str = field(repr=False)
    scopes: tuple[str, ...] = ("read",)
    name: str = ""
    expires: datetime | None = None
    per_second: float = 0.0
    burst: int = 0


@dataclass(frozen=True, slots=True)
class KeyRate:
    """How many calls one key may make in one process: `burst` at once, `per_second` on average (0: no limit). One
    address may send `wrong_keys` before it has to wait, longer each time (0: it never has to)."""

    per_second: float = 100.0
    burst: int = 500
    wrong_keys: int = 10


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """Keys are needed as soon as the server is bound to another address than loopback. They lie, hashed, in `keys_file`
    (empty: `keys.json` in the data folder), which `spiderduck keys` writes and every process rereads; `keys` is the old
    form. Our own processes call one another with `internal_key`, which all of them have.

    `hosts` are the names under which clients reach the server, besides `localhost`; `origins` the web pages of others
    that may use it. With `tls_certificate` and `tls_key` (PEM files) it speaks https.

    `public_url` is the address under which clients reach the server, e.g. `https://links.example.com`, for addresses in
    answers; empty: that of the request.

    `sharer_key` hashes who shared an event; empty: a cluster makes it from `internal_key`, others keep one in the data
    folder. Another key makes other sharers of all.

    `trusted_proxies` are the networks of reverse proxies whose `X-Forwarded-For` names the client.
    """

    keys: tuple[ApiKey, ...] = field(default=(), repr=False)
    keys_file: str = ""
    internal_key: str = field(default="", repr=False)
    sharer_key: str = field(default="", repr=False)
    rate_limit: KeyRate = field(default_factory=KeyRate)
    most_wait_ms: int = 30_000
    most_event_bytes: int = 16 * 1024 * 1024
    most_events: int = 500_000
    trusted_proxies: tuple[str, ...] = ()
    public_url: str = ""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tls_certificate: str = ""
    tls_key: str = ""
    front: FrontLimits = field(default_factory=FrontLimits)

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds (never a key) and what it takes."""
        for text in self.trusted_proxies:
            try:
                ip_network(text.strip(), strict=False)
            except ValueError as error:
                raise ValueError(
                    f'api.trusted_proxies holds {text!r}; it takes addresses and networks, e.g. "10.0.0.0/8"'
                ) from error
        if self.public_url and urlsplit(self.public_url).scheme not in ("http", "https"):
            raise ValueError(f'api.public_url is {self.public_url!r}; it takes e.g. "https://links.example.com"')
        if self.sharer_key and len(self.sharer_key) < LEAST_CHARACTERS:
            raise ValueError(f"api.sharer_key takes at least {LEAST_CHARACTERS} characters, random ones")
        self._validate_front()
        self.configured()
        if (wrong := wrong_rate(self.rate_limit.per_second or 1.0, self.rate_limit.burst)) is not None:
            raise ValueError(f"api.rate_limit.{wrong} (per_second 0: no limit)")
        if self.rate_limit.wrong_keys < 0:
            raise ValueError(f"api.rate_limit.wrong_keys is {self.rate_limit.wrong_keys}; it takes 0 or more")
        names = [one.name for one in self.keys if one.name]
        if len(set(names)) < len(names):
            raise ValueError("api.keys: a name stands twice; each key takes a name of its own")

    def configured(self) -> tuple[Key, ...]:
        """The keys that the settings themselves hold. Raises `BadSetting`."""
        found = []
        for number, one in enumerate(self.keys):
            if one.expires is not None and one.expires.tzinfo is None:
                raise BadSetting(f"api.keys[{number}].expires takes a time with its zone, e.g. 2030-01-31T00:00:00Z")
            entry = Entry(
                name=one.name,
                scopes=one.scopes,
                key=one.key,
                expires=one.expires,
                per_second=one.per_second,
                burst=one.burst,
            )
            found.append(plain_key(entry, f"api.keys[{number}].key"))
        if self.internal_key:
            entry = Entry(name="internal", scopes=(ADMIN,), key=self.internal_key)
            found.append(replace(plain_key(entry, "api.internal_key"), limited=False))
        return tuple(found)

    def _validate_front(self) -> None:
        try:
            BrowserRules(self.hosts, self.origins)
        except ValueError as error:
            raise ValueError(f"api.hosts or api.origins: {error}") from error
        try:
            self.front.validate()
        except ValueError as error:
            raise ValueError(f"api.front.{error}") from error
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("api.tls_certificate and api.tls_key go together; one of them is empty")


@dataclass(frozen=True, slots=True)
class ExtractConfig:
    """Bodies above `inline_bytes`, and smaller ones that could take long, are read in processes of their own: each for
    at most `seconds`, within `memory_bytes` of address space."""

    inline_bytes: int = 192 * 1024
    seconds: float = 5.0
    memory_bytes: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Config:
    """The whole. `data` is where everything durable lies; an engine without an address has its embedded counterpart."""

    data: str = "spiderduck-data"
    host: str = "127.0.0.1"
    port: int = 8080
    metrics_port: int = 0
    log_level: str = "info"
    log_queries: bool = False
    fetchers: FetchersConfig = field(default_factory=FetchersConfig)
    schedulers: SchedulersConfig = field(default_factory=SchedulersConfig)
    archive: ArchiveConfig = field(default_factory=ArchiveConfig)
    retention: Retention = field(default_factory=Retention)
    queues: QueuesConfig = field(default_factory=QueuesConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    extract: ExtractConfig = field(default_factory=ExtractConfig)
    broker: BrokerConfig = field(default_factory=BrokerConfig)
    cassandra: CassandraConfig = field(default_factory=CassandraConfig)
    zookeeper: ZookeeperConfig = field(default_factory=ZookeeperConfig)
    memcached: MemcachedConfig = field(default_factory=MemcachedConfig)
    ids: IdsConfig = field(default_factory=IdsConfig)
    images: ImagesConfig = field(default_factory=ImagesConfig)
    compat: CompatConfig = field(default_factory=CompatConfig)
    shares: SharesConfig = field(default_factory=SharesConfig)
    trends: TrendsConfig = field(default_factory=TrendsConfig)
    rechecks: RechecksConfig = field(default_factory=RechecksConfig)
    webhooks: WebhooksConfig = field(default_factory=WebhooksConfig)
    traces: TracesConfig = field(default_factory=TracesConfig)
    analytics: AnalyticsConfig = field(default_factory=AnalyticsConfig)
    lists: tuple[ListConfig, ...] = ()

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def keys_path(self) -> Path:
        """The file of hashed keys, absolute."""
        return Path(self.api.keys_file or Path(self.data) / "keys.json").expanduser().absolute()

    @property
    def has_keys(self) -> bool:
        """Whether callers are asked for a key."""
        return bool(self.api.keys or self.api.internal_key) or is_there(self.keys_path)

    def validate(self) -> None:
        """Raises `BadSetting` for the first value that cannot work."""
        try:
            for section in (
                self.api,
                self.fetchers,
                self.schedulers,
                self.archive,
                self.queues,
                self.broker,
                self.cassandra,
                self.zookeeper,
                self.memcached,
                self.ids,
                self.images,
                self.trends,
                self.rechecks,
                self.webhooks,
                self.traces,
                self.analytics,
            ):
                section.validate()
            _check_lists(self.lists)
            BlockedDomains((*self.schedulers.blocked_domains, *self.schedulers.one_time.domains))
        except ValueError as error:
            raise BadSetting(str(error)) from error
        if not 0 <= self.port <= 65_535:
            raise BadSetting(f"port is {self.port}; it takes a number from 0 (any free one) to 65535")
        if not 0 <= self.metrics_port <= 65_535 or (self.metrics_port and self.metrics_port == self.port):
            raise BadSetting(f"metrics_port is {self.metrics_port}; it takes 0 (none) or a port that is not `port`")
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise BadSetting(f"log_level is {self.log_level!r}; it takes debug, info, warning or error")
        if not self.on_loopback and not self.fetchers.token and not self.has_keys:  # a fetcher has no API: see `parts`
            raise BadSetting(no_keys(self))


def _check_lists(lists: Sequence[ListConfig]) -> None:
    for one in lists:
        one.validate()
    names = [one.name for one in lists]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"lists: the name {twice!r} stands twice; each list takes a name of its own")


def no_keys(config: Config) -> str:
    """What to do where others can reach a server that would ask nobody for a key."""
    return (
        f"host is {config.host}, which others can reach, and there are no [[api.keys]], and none in "
        f"{config.keys_path}; make one with `spiderduck keys create NAME --scopes read,write`, or bind to 127.0.0.1"
    )


NOT_SETTINGS = frozenset(
    {"SPIDERDUCK_CONFIG", "SPIDERDUCK_SERVER", "SPIDERDUCK_KEY", "SPIDERDUCK_KEY_FILE", "SPIDERDUCK_CORPORA"}
)
OF_TESTS = "SPIDERDUCK_TEST_"
"""Variables of the command line, and those that lead the tests to their engines."""


def origins(file: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Where each setting that was given comes from, by its dotted name. Raises `BadSetting`."""
    try:
        return settings.origins(Config, _sources(file, environment))
    except SettingError as error:
        raise BadSetting(str(error)) from error


def _sources(file: Path | None, environment: Mapping[str, str]) -> Sources:
    return Sources(file, environment, PREFIX, NOT_SETTINGS | {OF_TESTS})


def load(file: Path | None, environment: Mapping[str, str], overrides: Mapping[str, object]) -> Config:
    """Read, merge, check. Raises `BadSetting`, which names the key, what it holds and what it takes."""
    try:
        config = settings.load(Config, _sources(file, environment), overrides)
    except SettingError as error:
        raise BadSetting(str(error)) from error
    config.validate()
    return config
