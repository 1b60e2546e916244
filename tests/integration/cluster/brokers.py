"""The tests' broker: each test has queues of its own, by a prefix, and takes them away."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import kombu

from groundwork.clock import Clock
from schedulers.events import Sharers
from spiderduck.queues.kombu import KombuQueue
from spiderduck.queues.kombu_link import BrokerLink
from spiderduck.queues.kombu_publisher import Publisher
from spiderduck.queues.topology import Topology
from spiderduck.settings.broker import BrokerConfig
from tests.engines.toxics import Toxiproxy, slow_link

SHARERS = Sharers(b"a key of the tests")


def own_prefix(url: str | None = None, queue_type: str = "classic", delay_unit_ms: int = 10) -> BrokerConfig:
    """Settings that lead to queues of nobody else. A second of delay takes a moment there: the tests' clock
    decides whether a message is due."""
    return BrokerConfig(
        url=url or os.environ["SPIDERDUCK_TEST_RABBITMQ"],
        prefix=f"test-{uuid4().hex[:12]}",
        queue_type=queue_type,
        delay_unit_ms=delay_unit_ms,
        heartbeat_seconds=4.0,
    )


@asynccontextmanager
async def opened_publisher(config: BrokerConfig) -> AsyncIterator[tuple[BrokerLink, Publisher]]:
    link = BrokerLink(config, "publishing", Topology(config).declare)
    try:
        yield link, Publisher(link)
    finally:
        await link.close()


@asynccontextmanager
async def opened_queue(config: BrokerConfig, clock: Clock) -> AsyncIterator[KombuQueue]:
    async with opened_publisher(config) as (_, publisher):
        queue = KombuQueue(config, publisher, clock, config.patience_seconds, SHARERS.hide)
        try:
            yield queue
        finally:
            await queue.close()


def emptied_broker(config: BrokerConfig, *subscribers: str) -> None:
    """Delete the test's queues and exchanges."""
    topology = Topology(config)
    connection: Any = kombu.Connection(config.url)
    with connection:
        channel = connection.channel()
        queues = [topology.events, topology.bulk, topology.dead, topology.registry, *topology.deferred.values()]
        for queue in [*queues, *map(topology.subscriber, subscribers)]:
            queue(channel).delete()
        topology.topics(channel).delete()
        topology.fanout(channel).delete()


@contextmanager
def behind_slow_link(config: BrokerConfig) -> Iterator[BrokerConfig]:
    """The same, over a link with latency and jitter."""
    toxiproxy = Toxiproxy(os.environ["SPIDERDUCK_TEST_TOXIPROXY"])
    with slow_link(toxiproxy, config.url.rpartition("@")[2].strip("/")) as link:
        yield on_port(config, link.port)


def on_port(config: BrokerConfig, port: int) -> BrokerConfig:
    """The same, by way of another port of this machine."""
    return replace(config, url=f"amqp://guest:guest@127.0.0.1:{port}//")
