"""How often each engine is asked for one URL, pinned: one more is a decision, not an accident."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.cluster.brokers import emptied_broker, own_prefix
from tests.integration.cluster.flow import CountedSession, Flow, running_flow
from tests.integration.cluster.keyspaces import emptied_keyspace

pytestmark = pytest.mark.engine("cassandra", "rabbitmq")

READS = {"SELECT finished": 1, "SELECT urls": 1}
"""The decider's: is this share finished, and what is known? Both at once."""

FIRST = {
    **READS,
    "INSERT pages": 1,
    "INSERT pictures": 1,  # whose picture and icon may be shown without a signature
    "INSERT recent": 1,
    "INSERT buckets": 1,  # the hour of the domain's results, once an hour
    "BATCH versions+buckets+urls": 1,  # in one step: the URL's version, its month, and its ending
    "INSERT finished": 1,
}
REUSED = {**READS, "SELECT pages": 1, "INSERT finished": 1}
REPEATED = READS | {"SELECT pages": 1}


def asked(session: CountedSession) -> dict[str, int]:
    """Statements since the last call, by verb and table; without the mark `pending`, which is written only for a URL
    that takes longer than half a second, as on a busy machine."""
    found = Counter(" ".join(re.findall(r"^(SELECT|INSERT|UPDATE|BATCH).*?\.([\w+]+)", cql)[0]) for cql in session.sent)
    session.sent.clear()
    assert found.pop("INSERT urls", 0) <= 1
    return dict(found)


async def send(flow: Flow, name: str, body: bytes) -> None:
    """One event, to its end."""
    from schedulers.model import Message

    count = len(flow.queue.acknowledged)
    await flow.queue.publish([Message(body, name)])
    while len(flow.queue.acknowledged) == count:
        flow.queue.another.clear()
        await flow.queue.another.wait()


async def test_what_one_url_costs(tmp_path: Path) -> None:
    """A new URL, a known one, and an event that came twice. The broker takes per event: the event itself, one notice,
    one acknowledgement; no notice for an event that came twice."""
    broker = own_prefix(delay_unit_ms=1000)
    async with emptied_keyspace() as (session, cassandra):
        counted = CountedSession(session)
        async with running_flow(counted, cassandra, broker, tmp_path) as flow:
            await send(flow, "1", b'{"id": "1", "urls": ["http://a.test/"]}')
            assert asked(counted) == FIRST
            await send(flow, "2", b'{"id": "2", "urls": ["http://a.test/"]}')
            assert asked(counted) == REUSED
            flow.store._finished.clear()  # type: ignore[attr-defined]  # as another process would meet it
            await send(flow, "2", b'{"id": "2", "urls": ["http://a.test/"]}')
            assert asked(counted) == REPEATED
            await send(flow, "3", b'{"id": "3", "urls": ["http://a.test/b"]}')
            assert asked(counted) == {name: count for name, count in FIRST.items() if name != "INSERT buckets"}
    emptied_broker(broker)
