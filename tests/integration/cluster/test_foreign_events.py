"""Events that another program puts into the broker's queue, without our headers."""

import asyncio
from typing import Any

import kombu
import pytest

from spiderduck.queues.topology import Topology
from tests.clock import FakeClock
from tests.integration.cluster.brokers import SHARERS, emptied_broker, opened_queue, own_prefix

pytestmark = pytest.mark.engine("rabbitmq")

BODY = b'{"text": "example.com"}'


async def test_equal_ones_are_shares_of_their_own_and_keep_their_names() -> None:
    """A name that the sender gave (`message_id`) stays; else one is made, which the message has when it comes again."""
    config = own_prefix()
    topology = Topology(config)
    connection: Any = kombu.Connection(config.url)
    try:
        with connection:
            topology.declare(connection.channel())
            producer: Any = kombu.Producer(connection.channel())
            for properties in ({}, {}, {"message_id": "theirs"}):
                producer.publish(BODY, routing_key=topology.events.name, content_type="application/json", **properties)
        names = []
        async with opened_queue(config, FakeClock()) as queue, asyncio.timeout(10):
            names.extend([(await queue.receive()).message.event_id for _ in range(3)])
            while (await queue.lengths()).ready > 3:  # the copies that they put there are let go
                await asyncio.sleep(0)
        assert len(set(names)) == 3
        assert "theirs" in names
        async with opened_queue(config, FakeClock()) as queue, asyncio.timeout(10):
            again = [(await queue.receive()).message.event_id for _ in range(3)]
        assert set(again) == set(names)
    finally:
        emptied_broker(config)


async def test_their_sharers_are_hashed_before_anything_is_written_again() -> None:
    config = own_prefix()
    topology = Topology(config)
    connection: Any = kombu.Connection(config.url)
    try:
        with connection:
            topology.declare(connection.channel())
            producer: Any = kombu.Producer(connection.channel())
            for body in (b'{"text": "example.com", "sharer": "mallard"}', b'{"sharer": "mallard", '):
                producer.publish(body, routing_key=topology.events.name, content_type="application/json")
        async with opened_queue(config, FakeClock()) as queue, asyncio.timeout(10):
            taken = [await queue.receive() for _ in range(2)]
            for delivery in taken:
                await queue.bury(delivery, "tried")
            bodies = [letter.message.body for letter in await queue.dead(10)]
        assert not any(b"mallard" in body for body in bodies)
        assert any(SHARERS.hash_of("mallard").encode() in body for body in bodies)
    finally:
        emptied_broker(config)
