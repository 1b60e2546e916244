"""All settings of the product: one TOML file, every key also an environment variable, typed and checked.

`[fetchers.rate_limit] burst = 4` is `SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST=4`. What is given on the command line beats
the environment, the environment beats the file, the file beats the defaults. Lists and tables in the environment are
JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec

from fetchers.config import FetchersConfig
from schedulers.config import SchedulersConfig
from spiderduck.errors import BadSetting
from spiderduck.settings.archive import ArchiveConfig
from spiderduck.settings.broker import BrokerConfig
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.settings.coordination import IdsConfig, MemcachedConfig, ZookeeperConfig
from spiderduck.settings.images import ImagesConfig

PREFIX = "SPIDERDUCK_"
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Ages in days after which pages, finished events and archive files are deleted; 0 keeps them for ever."""

    pages_days: float = 0.0
    archive_days: float = 0.0
    notices_days: float = 7.0
    events_days: float = 7.0
    sweep_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A bearer key and what it may do: `read`, `write`, `fetch`, `admin`."""

    key: str
    scopes: tuple[str, ...] = ("read",)


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """`keys` are needed as soon as the server is bound to another address than loopback.

    `trusted_proxies` are the networks of reverse proxies whose `X-Forwarded-For` names the client.
    """

    keys: tuple[ApiKey, ...] = ()
    most_wait_ms: int = 30_000
    most_event_bytes: int = 16 * 1024 * 1024
    trusted_proxies: tuple[str, ...] = ()

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        for text in self.trusted_proxies:
            try:
                ip_network(text.strip(), strict=False)
            except ValueError as error:
                raise ValueError(
                    f'api.trusted_proxies holds {text!r}; it takes addresses and networks, e.g. "10.0.0.0/8"'
                ) from error


@dataclass(frozen=True, slots=True)
class ExtractConfig:
    """Bodies above `inline_bytes` are parsed in a thread beside the loop."""

    inline_bytes: int = 512 * 1024


@dataclass(frozen=True, slots=True)
class Config:
    """The whole. `data` is where everything durable lies; an engine without an address has its embedded counterpart."""

    data: str = "spiderduck-data"
    host: str = "127.0.0.1"
    port: int = 8080
    log_level: str = "info"
    fetchers: FetchersConfig = field(default_factory=FetchersConfig)
    schedulers: SchedulersConfig = field(default_factory=SchedulersConfig)
    archive: ArchiveConfig = field(default_factory=ArchiveConfig)
    retention: Retention = field(default_factory=Retention)
    api: ApiConfig = field(default_factory=ApiConfig)
    extract: ExtractConfig = field(default_factory=ExtractConfig)
    broker: BrokerConfig = field(default_factory=BrokerConfig)
    cassandra: CassandraConfig = field(default_factory=CassandraConfig)
    zookeeper: ZookeeperConfig = field(default_factory=ZookeeperConfig)
    memcached: MemcachedConfig = field(default_factory=MemcachedConfig)
    ids: IdsConfig = field(default_factory=IdsConfig)
    images: ImagesConfig = field(default_factory=ImagesConfig)

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def validate(self) -> None:
        """Raises `BadSetting` for the first value that cannot work."""
        try:
            for section in (
                self.fetchers,
                self.schedulers,
                self.archive,
                self.broker,
                self.cassandra,
                self.zookeeper,
                self.ids,
                self.images,
                self.api,
            ):
                section.validate()
        except ValueError as error:
            raise BadSetting(str(error)) from error
        if not 0 <= self.port <= 65_535:
            raise BadSetting(f"port is {self.port}; it takes a number from 0 (any free one) to 65535")
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise BadSetting(f"log_level is {self.log_level!r}; it takes debug, info, warning or error")
        if not self.on_loopback and not self.api.keys and not self.fetchers.token:  # a fetcher has no API: see `parts`
            raise BadSetting(
                f"host is {self.host}, which others can reach, and there are no [[api.keys]]; "
                'add one, e.g. key = "…", scopes = ["read", "write"], or bind to 127.0.0.1'
            )


def load(file: Path | None, environment: Mapping[str, str], overrides: Mapping[str, object]) -> Config:
    """Read, merge, check. Raises `BadSetting`, which names the key, what it holds and what it takes."""
    tree: dict[str, Any] = {} if file is None else _read(file)
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS and not name.startswith(OF_TESTS):
            _put(tree, name.removeprefix(PREFIX).lower().split("__"), _parsed(value))
    tree.update({name: value for name, value in overrides.items() if value is not None})
    _check_names(tree, Config, "")
    try:
        config = msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        raise BadSetting(_readable(error)) from error
    config.validate()
    return config


NOT_SETTINGS = frozenset({"SPIDERDUCK_CONFIG", "SPIDERDUCK_SERVER", "SPIDERDUCK_KEY", "SPIDERDUCK_CORPORA"})
OF_TESTS = "SPIDERDUCK_TEST_"
"""Variables of the command line, and those that lead the tests to their engines."""


def _read(file: Path) -> dict[str, Any]:
    try:
        tree = msgspec.toml.decode(file.read_bytes())
    except FileNotFoundError as error:
        raise BadSetting(f"there is no settings file {file}; leave --config away to run with the defaults") from error
    except (OSError, msgspec.DecodeError) as error:
        raise BadSetting(f"the settings file {file} cannot be read: {error}") from error
    return dict(tree)


def _parsed(value: str) -> object:
    """Lists and tables as JSON; everything else stays text, which is converted to what the setting takes."""
    if value[:1] in "[{":
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    return value


def _put(tree: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            raise BadSetting(f"{'.'.join(path)} cannot be set: {name} is no table")
        tree = below
    tree[path[-1]] = value


def _check_names(tree: Mapping[str, Any], shape: Any, place: str) -> None:
    """A misspelt setting must not be passed over in silence."""
    fields = _fields(shape)
    for name, value in tree.items():
        if name not in fields:
            known = ", ".join(sorted(fields))
            raise BadSetting(f"there is no setting {place}{name}; {place or 'the top level'} takes: {known}")
        if isinstance(value, Mapping) and hasattr(fields[name], "__dataclass_fields__"):
            _check_names(value, fields[name], f"{place}{name}.")


def _fields(shape: Any) -> dict[str, Any]:
    return {name: one.type for name, one in shape.__dataclass_fields__.items()}


def _readable(error: msgspec.ValidationError) -> str:
    text, _, place = str(error).partition(" - at `$.")
    return f"{place.rstrip('`')}: {text}" if place else text
