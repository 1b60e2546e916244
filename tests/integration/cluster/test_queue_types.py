"""`broker.queue_type = "quorum"`: every queue that holds events or notices for long is a quorum queue, and an
installation that has classic ones goes on with them."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import kombu
import pytest
from amqp.exceptions import PreconditionFailed

from schedulers.model import Delivery, Message
from schedulers.notice import Notice
from spiderduck.queues.kombu import KombuQueue
from spiderduck.queues.topology import MOST_RETURNS, STEPS, Topology
from spiderduck.settings.broker import BrokerConfig, QueuesConfig
from spiderduck.subscriptions.kombu import KombuSubscriptions
from spiderduck.subscriptions.kombu_announcer import KombuAnnouncer
from spiderduck.subscriptions.ports import Filter
from tests.clock import FakeClock
from tests.integration.cluster.brokers import emptied_broker, opened_publisher, opened_queue, own_prefix

LOOKS = 25
"""More often than a quorum queue of RabbitMQ 4 gives a message back by default."""


@pytest.fixture
def config() -> Iterator[BrokerConfig]:
    made = own_prefix(queue_type="quorum")
    yield made
    emptied_broker(made, "team")


def is_quorum(config: BrokerConfig, queue: Any) -> bool:
    """The broker takes a second declaration only where it is the same."""
    assert queue.queue_arguments["x-queue-type"] == "quorum"
    connection: Any = kombu.Connection(config.url)
    with connection:
        try:
            queue(connection.channel()).queue_declare()
        except PreconditionFailed:
            return False
        return True


async def received(queue: KombuQueue) -> Delivery:
    async with asyncio.timeout(30):
        return await queue.receive()


async def buried_and_deferred(queue: KombuQueue, clock: FakeClock) -> None:
    """One message comes back after its delay, another is a dead letter, however often it is looked at."""
    await queue.publish([Message(b"{}", "late"), Message(b"{}", "broken")])
    for _ in range(2):
        delivery = await received(queue)
        if delivery.message.event_id == "late":
            await queue.defer(delivery.message, clock.now() + 1.5)
            await queue.ack(delivery)
        else:
            await queue.bury(delivery, "a reason")
    await clock.advance(1.6)
    back = await received(queue)
    assert back.message.event_id == "late"
    await queue.ack(back)
    for _ in range(LOOKS):
        assert [one.reason for one in await queue.dead(10)] == ["a reason"]
    assert await queue.replay(None) == 1
    again = await received(queue)
    assert again.message.event_id == "broken"
    await queue.ack(again)


@pytest.mark.engine("rabbitmq")
async def test_events_that_wait_dead_letters_and_notices_lie_on_quorum_queues(config: BrokerConfig) -> None:
    clock = FakeClock()
    async with opened_queue(config, clock) as queue, opened_publisher(config) as (_, publisher):
        await buried_and_deferred(queue, clock)
        subscriptions = KombuSubscriptions(config, clock, QueuesConfig())
        try:
            assert await subscriptions.create("team")
            it = Topology(config)
            queues = [it.events, it.bulk, it.dead, it.deferred[STEPS[0]], it.deferred[STEPS[-1]], it.subscriber("team")]
            assert [queue.name for queue in queues if not is_quorum(config, queue)] == []
            await told(subscriptions, KombuAnnouncer(publisher, Topology(config)))
        finally:
            await subscriptions.close()


async def told(subscriptions: KombuSubscriptions, announcer: KombuAnnouncer) -> None:
    subscription = await subscriptions.open("team", Filter())
    await announcer.announce(Notice("one", "spiderduck.url.processed", "http://a.test/", "a.test", "x", "y", b"{}"))
    async with asyncio.timeout(30):
        (notice,) = await subscription.receive(10)
    await subscription.ack(notice.position)
    assert notice.body == b"{}"


@pytest.mark.engine("rabbitmq")
async def test_what_was_made_classic_stays_and_works(config: BrokerConfig, caplog: pytest.LogCaptureFixture) -> None:
    """As an installation of before has it: the events on quorum queues, everything else on classic ones."""
    clock, before = FakeClock(), Topology(replace(config, queue_type="classic"))
    connection: Any = kombu.Connection(config.url)
    with connection:
        channel = connection.channel()
        before.fanout(channel).declare()
        for classic in (before.dead, *before.deferred.values(), before.subscriber("team")):
            classic(channel).declare()
    with caplog.at_level("INFO", "spiderduck.queues.topology"):
        async with opened_queue(config, clock) as queue, opened_publisher(config) as (_, publisher):
            await buried_and_deferred(queue, clock)
            subscriptions = KombuSubscriptions(config, clock, QueuesConfig())
            try:
                assert not await subscriptions.create("team"), "it is there"
                await told(subscriptions, KombuAnnouncer(publisher, Topology(config)))
            finally:
                await subscriptions.close()
    assert f"{len(STEPS) + 1} queues were made with other arguments and stay as they are" in caplog.text
    assert not is_quorum(config, Topology(config).dead)


def test_a_waiting_event_is_handed_over_at_least_once() -> None:
    """And is not dropped for having come back often."""
    topology = Topology(BrokerConfig(queue_type="quorum"))
    for queue in topology.deferred.values():
        arguments = queue.queue_arguments
        assert arguments["x-dead-letter-strategy"] == "at-least-once"
        assert arguments["x-overflow"] == "reject-publish", "the broker takes that strategy with no other"
    limited = (topology.dead, topology.subscriber("team"), *topology.deferred.values())
    assert {queue.queue_arguments["x-delivery-limit"] for queue in limited} == {MOST_RETURNS}


def test_an_installation_with_classic_queues_declares_what_it_declared_before() -> None:
    topology = Topology(BrokerConfig())
    assert (topology.dead.queue_arguments or {}) == {}
    assert set(topology.deferred[1].queue_arguments) == {
        "x-message-ttl",
        "x-dead-letter-exchange",
        "x-dead-letter-routing-key",
    }
    assert "x-queue-type" not in topology.subscriber("team").queue_arguments
