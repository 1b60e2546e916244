"""Settings of the broker and of durable queues of notices, with defaults and units. Frozen; `validate()` says which
value is wrong."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from groundwork.engine_tls import EngineTls

QUEUE_TYPES = ("classic", "quorum")
PREFIX = re.compile(r"[A-Za-z0-9._-]{1,60}\Z")


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """`url` as kombu takes it, e.g. `amqp://user:password@host:5672//` (several separated by `;` are tried in turn).

    `prefetch` messages at most are handed to one process at once; `queue_type` is that of every durable queue but the
    list of queues, `quorum` where the broker has several nodes. A call of the API fails when the broker took nothing
    for `patience_seconds`; the flow waits. A named subscriber that stays away loses notices older than `notices_days`.
    """

    url: str = field(default="", repr=False)
    prefix: str = "spiderduck"
    queue_type: str = "classic"
    prefetch: int = 512
    heartbeat_seconds: float = 10.0
    connect_timeout: float = 5.0
    patience_seconds: float = 10.0
    notices_days: float = 7.0
    delay_unit_ms: int = 1000
    tls: EngineTls = field(default_factory=EngineTls)

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.queue_type not in QUEUE_TYPES:
            raise ValueError(f"broker.queue_type is {self.queue_type!r}; it takes {' or '.join(QUEUE_TYPES)}")
        if not PREFIX.match(self.prefix):
            raise ValueError(f"broker.prefix is {self.prefix!r}; it takes up to 60 letters, digits, dots, - and _")
        if not 1 <= self.prefetch <= 65_535:
            raise ValueError(f"broker.prefetch is {self.prefetch}; it takes a number from 1 to 65535")
        for name in ("heartbeat_seconds", "connect_timeout", "patience_seconds", "notices_days", "delay_unit_ms"):
            if getattr(self, name) <= 0:
                raise ValueError(f"broker.{name} is {getattr(self, name)}; it takes a number above 0")
        self._validate_url()
        self.tls.validate("broker.tls")
        if self.url.startswith("amqps") and not self.tls.enabled:
            raise ValueError("broker.url begins with amqps; set broker.tls.enabled = true, so that names are checked")

    def _validate_url(self) -> None:
        """Without showing it, for a password is in it."""
        for one in filter(None, self.url.split(";")):
            try:
                parts = urlsplit(one.strip())
                is_address = bool(parts.scheme) and (parts.port is None or parts.port > 0)
            except ValueError:
                is_address = False
            if not is_address:
                raise ValueError(
                    "broker.url is no address (it is not shown, for it may hold a password); it takes "
                    "amqp://user:password@host:5672//, with what is special in user and password percent-encoded"
                )


@dataclass(frozen=True, slots=True)
class QueuesConfig:
    """At most `most` durable queues. One that nobody read for `unused_days` is deleted; 0 keeps them for ever.

    On a broker, a queue holds `most_notices` and `most_bytes` at most and then loses its oldest, so that a subscriber
    who stays away cannot fill the broker's disk and stop the intake; embedded, a queue is a position in the log, which
    `retention.notices_days` bounds.
    """

    most: int = 100
    unused_days: float = 30.0
    most_notices: int = 1_000_000
    most_bytes: int = 512 * 1024 * 1024

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        for name in ("most", "most_notices", "most_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"queues.{name} is {getattr(self, name)}; it takes a number above 0")
        if not 0 <= self.unused_days <= 3650:
            raise ValueError(f"queues.unused_days is {self.unused_days}; it takes days from 0 (for ever) to 3650")
