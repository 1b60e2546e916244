"""Settings of the Cassandra store, with defaults and units. Frozen; `validate()` says which value is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from groundwork.engine_tls import EngineTls

DRIVERS = ("acsylla", "cassandra-driver")
LEVELS = frozenset({"ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"})
NAME = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
DAY = 86_400


@dataclass(frozen=True, slots=True)
class CassandraConfig:
    """Where the cluster is, how sure a write must be, and how long things are kept.

    `datacenters` (name → copies) makes the keyspace for data centres; where it is empty, `replication_factor` copies
    are kept without regard to them, which is meant for one node. Ages are days, 0 keeps for ever. After
    `patience_seconds` without an answer a statement of the flow fails; a look-up of the API fails after
    `lookup_patience_seconds`.
    """

    hosts: tuple[str, ...] = ()
    port: int = 9042
    keyspace: str = "spiderduck"
    local_datacenter: str = "datacenter1"
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    driver: str = "acsylla"
    replication_factor: int = 1
    datacenters: Mapping[str, int] = field(default_factory=dict)
    read_consistency: str = "LOCAL_QUORUM"
    write_consistency: str = "LOCAL_QUORUM"
    connect_timeout: float = 5.0
    request_timeout: float = 5.0
    speculative_after: float = 0.1
    speculative_most: int = 1
    patience_seconds: float = 900.0
    lookup_patience_seconds: float = 5.0
    pages_days: float = 0.0
    events_days: float = 7.0
    recent_days: float = 7.0
    tls: EngineTls = field(default_factory=EngineTls)

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.driver not in DRIVERS:
            raise ValueError(f"cassandra.driver is {self.driver!r}; it takes {' or '.join(DRIVERS)}")
        if not NAME.match(self.keyspace):
            raise ValueError(
                f"cassandra.keyspace is {self.keyspace!r}; it takes up to 48 lower-case letters, digits and _"
            )
        for name in ("read_consistency", "write_consistency"):
            if getattr(self, name) not in LEVELS:
                raise ValueError(f"cassandra.{name} is {getattr(self, name)!r}; it takes {', '.join(sorted(LEVELS))}")
        for name in ("connect_timeout", "request_timeout", "events_days", "recent_days"):
            if getattr(self, name) <= 0:
                raise ValueError(f"cassandra.{name} is {getattr(self, name)}; it takes a number above 0")
        for name in (
            "speculative_most",
            "speculative_after",
            "patience_seconds",
            "lookup_patience_seconds",
            "pages_days",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"cassandra.{name} is {getattr(self, name)}; it takes a number from 0 up")
        copies = [self.replication_factor, *self.datacenters.values()]
        if min(copies) < 1:
            raise ValueError(
                f"cassandra.replication_factor and datacenters are {copies}; each takes a number from 1 up"
            )
        self.tls.validate("cassandra.tls")
        if self.tls.enabled and not self.tls.authority:
            raise ValueError("cassandra.tls.authority is empty; the driver takes the file of one authority (PEM)")

    @property
    def replication(self) -> str:
        """The keyspace's replication as CQL writes it."""
        if not self.datacenters:
            return f"{{'class': 'SimpleStrategy', 'replication_factor': {self.replication_factor}}}"
        copies = "".join(f", '{_quoted(name)}': {count}" for name, count in sorted(self.datacenters.items()))
        return f"{{'class': 'NetworkTopologyStrategy'{copies}}}"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
