"""Notices on their way out: one message to the topic exchange, which the fanout exchange is bound to.

Beside `kombu.py`, which receives them; called by `stores/announcing.py`. It returns when the broker has confirmed.
"""

from schedulers.notice import Notice
from spiderduck.queues.kombu_publisher import Outgoing, Publisher
from spiderduck.queues.topology import Topology, topic


class KombuAnnouncer:
    """The small fields travel as headers, so that a subscriber can filter without reading the JSON."""

    def __init__(self, publisher: Publisher, topology: Topology) -> None:
        self._publisher = publisher
        self._exchange = topology.topics.name

    async def announce(self, notice: Notice) -> None:
        headers = {
            "id": notice.id,
            "type": notice.type,
            "host": notice.host,
            "status": notice.status,
            "outcome": notice.outcome,
        }
        key = topic(notice.type, notice.host)
        await self._publisher.publish([Outgoing(key, notice.body, headers, self._exchange, must_arrive=False)])
