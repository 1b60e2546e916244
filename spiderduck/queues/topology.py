"""What lies on the broker: exchanges and queues, their names and arguments, as data. Declared anew at every connection.

- `PREFIX.events`: the events queue.
- `PREFIX.events.bulk`: the events of large requests, of which each scheduler holds few at once.
- `PREFIX.deferred.N`: messages that wait N seconds (`STEPS`) and then return to the events queue.
- `PREFIX.dead`: what was given up, with the reason.
- `PREFIX.notices.topics`: where notices are published, keyed `processed.com.example.www`; `PREFIX.notices` (fanout) is
  bound to it, and `PREFIX.notices.to.NAME`, the durable queue of the subscriber NAME, to the fanout.
- `PREFIX.queues`: one message, the list of these queues, for AMQP cannot list; who changes it holds
  `PREFIX.queues.lock`.

Nothing is declared in two places, for two declarations that differ end a channel. With `broker.queue_type = "quorum"`
all queues that hold events or notices for long are quorum queues; the list of queues is changed in transactions, which
quorum queues do not know, and temporary queues live on one connection. A queue of another type that is there already
stays as it is.
"""

import logging
from collections.abc import Mapping
from typing import Any

import kombu
from amqp.exceptions import PreconditionFailed  # type: ignore[import-untyped]

from spiderduck.settings.broker import BrokerConfig, QueuesConfig

_kombu: Any = kombu  # most of it is not annotated
log = logging.getLogger(__name__)

STEPS = (*range(1, 33), *(step for power in range(5, 16) for step in (3 * 2**power // 2, 2 ** (power + 1))))
"""1 s to 18 h: any delay is a sum of these, and in each queue every message waits equally long, so none hides another.
Up to half a minute one step will do, up to some minutes two: each step is a way through the broker and the flow.
"""

LONGEST_KEY_BYTES = 255
"""Of a routing key (AMQP 0-9-1, short string)."""
DAY_MS = 86_400_000
MOST_RETURNS = 1_000_000_000
"""A quorum queue drops a message that came back more often than that. Since RabbitMQ 4 it is 20 by default, and looking
at the dead letters gives each of them back."""


class Topology:
    """The names and declarations of one installation."""

    def __init__(self, config: BrokerConfig) -> None:
        prefix = config.prefix
        self._is_quorum = config.queue_type == "quorum"
        quorum = {"x-queue-type": "quorum"} if self._is_quorum else {}
        self.events = _kombu.Queue(f"{prefix}.events", durable=True, queue_arguments=quorum)
        self.bulk = _kombu.Queue(f"{prefix}.events.bulk", durable=True, queue_arguments=quorum)
        self.dead = _kombu.Queue(f"{prefix}.dead", durable=True, queue_arguments=self._kept())
        self.deferred = {
            step: self._deferred(f"{prefix}.deferred.{step}", step * config.delay_unit_ms) for step in STEPS
        }
        self.topics = _kombu.Exchange(f"{prefix}.notices.topics", "topic", durable=True)
        self.fanout = _kombu.Exchange(f"{prefix}.notices", "fanout", durable=True)
        self._notices_live = int(config.notices_days * DAY_MS)
        self.registry = _kombu.Queue(f"{prefix}.queues", durable=True)
        self.registry_lock = _kombu.Queue(f"{prefix}.queues.lock", durable=False, exclusive=True, auto_delete=True)

    def declare(self, channel: Any) -> None:
        """All that everybody shares; what is there already stays as it is."""
        for queue in (self.events, self.bulk):
            queue(channel).declare()
        others = [queue.name for queue in (self.dead, *self.deferred.values()) if not _declared(queue, channel)]
        if others:
            log.info(
                "%d queues were made with other arguments and stay as they are (%s); delete them while they are empty, "
                "and they are made anew as broker.queue_type says",
                len(others),
                ", ".join(others[:3]),
            )
        self.topics(channel).declare()
        self.fanout(channel).declare()
        self.fanout(channel).bind_to(self.topics.name, routing_key="#")

    def subscriber(self, name: str, queues: QueuesConfig | None = None) -> Any:
        """The durable queue of a named subscriber. Its arguments count when it is made; later it is only looked for."""
        queues = queues or QueuesConfig()
        limits = {
            "x-message-ttl": self._notices_live,
            "x-max-length": queues.most_notices,
            "x-max-length-bytes": queues.most_bytes,
            "x-overflow": "drop-head",
            **self._kept(),
        }
        if queues.unused_days:
            limits["x-expires"] = int(queues.unused_days * DAY_MS)
        return _kombu.Queue(
            f"{self.fanout.name}.to.{name}",
            self.fanout,
            durable=True,
            queue_arguments=limits,
        )

    def temporary(self, name: str) -> Any:
        """A queue that lives as long as the connection which made it."""
        return _kombu.Queue(
            f"{self.fanout.name}.now.{name}", self.fanout, durable=False, exclusive=True, auto_delete=True
        )

    def _deferred(self, name: str, milliseconds: int) -> Any:
        """A classic queue hands a message over at most once; a quorum queue keeps it until the events queue has it."""
        back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": self.events.name}
        safely = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"} if self._is_quorum else {}
        arguments = {"x-message-ttl": milliseconds, **back, **safely, **self._kept()}
        return _kombu.Queue(name, durable=True, queue_arguments=arguments)

    def _kept(self) -> Mapping[str, Any]:
        return {"x-queue-type": "quorum", "x-delivery-limit": MOST_RETURNS} if self._is_quorum else {}


def _declared(queue: Any, channel: Any) -> bool:
    """False where it is there already, and was made with other arguments. That ends a channel, hence its own."""
    own = channel.connection.channel()
    try:
        queue(own).declare()
    except PreconditionFailed:
        return False
    own.close()
    return True


def step_for(seconds: float) -> int | None:
    """The longest step that is not too long; None for less than the shortest."""
    return next((step for step in reversed(STEPS) if step <= seconds), None)


def topic(kind: str, host: str) -> str:
    """`processed.com.example.www` for a notice of `www.example.com`. A longer key than AMQP takes loses its last
    labels."""
    labels = [kind.rpartition(".")[2], *reversed([label for label in host.split(".") if label])]
    while len(key := ".".join(labels)) > LONGEST_KEY_BYTES:
        labels.pop()
    return key


def topic_pattern(domain: str) -> str:
    """What binds a queue to a domain with everything below it, whatever the kind."""
    return f"{topic('*', domain)}.#"
