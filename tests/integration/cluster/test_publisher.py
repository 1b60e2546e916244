"""Publishing while there is no broker. Needs none."""

import pytest

from spiderduck.errors import StoreUnavailable
from spiderduck.queues.kombu_publisher import MOST_WAITING, Outgoing
from tests.engines.ports import free_ports
from tests.integration.cluster.brokers import on_port, opened_publisher, own_prefix


async def test_memory_does_not_fill_with_what_was_given_up() -> None:
    (port,) = free_ports(1)
    config = on_port(own_prefix("amqp://"), port)
    async with opened_publisher(config) as (link, publisher):
        with pytest.raises(StoreUnavailable, match=r"send it again$"):
            await publisher.publish([Outgoing("events", b"{}")] * MOST_WAITING, 0.01)
        with pytest.raises(StoreUnavailable, match="later"):
            await publisher.publish([Outgoing("events", b"{}")], 60.0)
        assert link.trouble is not None
