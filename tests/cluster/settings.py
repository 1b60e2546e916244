"""What each process of a cluster on one machine is told, as environment variables. Pure.

A process is told of the engines and neighbours that its part needs, and of no others, as in the chart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

Settings = Mapping[str, object]


@dataclass(frozen=True)
class Engines:
    """Where they are: `host:port`, the broker as kombu takes it."""

    cassandra: str
    rabbitmq: str
    zookeeper: str
    memcached: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Engines":
        """From what `python -m tests.engines start` sets. Raises KeyError where one does not run."""
        return cls(*(environment[f"SPIDERDUCK_TEST_{name.upper()}"] for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class Installation:
    """One cluster among others on the same engines: its name, its folder, the port of each process, its secrets.
    `more` is set for every process, as `section__key`."""

    name: str
    folder: Path
    engines: Engines
    ports: Mapping[str, int]
    keys: tuple[Mapping[str, object], ...] = ()
    token: str = ""
    signing: tuple[str, ...] = field(default_factory=lambda: (token_hex(16),))
    more: Settings = field(default_factory=dict)

    def environment(self, process: str) -> dict[str, str]:
        """Of `fetcher-2`, say, or of `migrate`."""
        part = process.partition("-")[0]
        given: dict[str, object] = {**self.more, **PARTS[part](self)}
        if self.keys and part not in ("fetcher", "migrate"):
            given["api__keys"] = self.keys
        return {f"SPIDERDUCK_{name.upper()}": _text(value) for name, value in given.items()}

    def url(self, process: str) -> str:
        return f"http://127.0.0.1:{self.ports[process]}"

    def urls(self, part: str) -> list[str]:
        return [self.url(process) for process in self.ports if process.partition("-")[0] == part]

    @property
    def keyspace(self) -> str:
        return self.name.replace("-", "_")


def _store(one: Installation) -> dict[str, object]:
    host, _, port = one.engines.cassandra.rpartition(":")
    return {
        "cassandra__hosts": [host],
        "cassandra__port": int(port),
        "cassandra__keyspace": one.keyspace,
        "broker__url": one.engines.rabbitmq,
        "broker__prefix": one.name,
        "archive__url": f"file://{one.folder}/archive",
    }


def _coordinator(one: Installation) -> dict[str, object]:
    return {"zookeeper__hosts": [one.engines.zookeeper], "zookeeper__chroot": f"/{one.name}"}


def _fetching(one: Installation) -> dict[str, object]:
    return {"fetchers__addresses": one.urls("fetcher"), "fetchers__token": one.token}


def _neighbours(one: Installation) -> dict[str, object]:
    return {"ids__url": one.url("ids-1"), "images__url": one.url("images-1")}


def _scheduler(one: Installation) -> dict[str, object]:
    return _store(one) | _fetching(one) | _neighbours(one)


def _fetcher(one: Installation) -> dict[str, object]:
    return _coordinator(one) | {"memcached__hosts": [one.engines.memcached], "fetchers__token": one.token}


def _api(one: Installation) -> dict[str, object]:
    return _store(one) | _fetching(one) | _neighbours(one) | {"images__keys": one.signing}


def _images(one: Installation) -> dict[str, object]:
    return _fetching(one) | {"images__keys": one.signing, "images__api_url": one.url("api-1")}


def _ids(one: Installation) -> dict[str, object]:
    return _coordinator(one) | {"ids__lease": "zookeeper"}


PARTS = {
    "scheduler": _scheduler,
    "fetcher": _fetcher,
    "api": _api,
    "ids": _ids,
    "images": _images,
    "migrate": _store,
}


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, list | tuple | dict) else str(value)
