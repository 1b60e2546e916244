"""The store stops answering, then is killed and started again: nothing is lost, nothing acknowledged too early, and our
processes go on by themselves."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.clock import SystemClock
from schedulers.identity import identity_of
from schedulers.model import Status
from schedulers.urls import dedup_key
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra_migration import Migration
from tests.engines import fleet
from tests.engines.running import RunningEngine
from tests.integration.cluster.brokers import emptied_broker, own_prefix
from tests.integration.cluster.flow import Flow, running_flow, url_of
from tests.integration.cluster.keyspaces import opened_session

START_SECONDS = 7.0
"""What the engine takes to its first answer."""


async def unfinished(flow: Flow, names: list[str]) -> list[str]:
    """Those of the events that the store does not know as finished."""
    known = await asyncio.gather(
        *(flow.records.look_up(dedup_key(url_of(name)), identity_of("generic", name)) for name in names)
    )
    return [name for name, one in zip(names, known, strict=True) if not one.seen]


@pytest.mark.engine("cassandra", "rabbitmq")
@pytest.mark.parametrize(
    ("driver", "seconds"),
    [
        pytest.param("acsylla", 10.0, marks=pytest.mark.chaos),
        pytest.param("acsylla", 60.0, marks=pytest.mark.chaos),
        pytest.param("cassandra-driver", 10.0, marks=pytest.mark.chaos),
    ],
)
async def test_the_store_is_paused_then_killed_and_started_again(
    own_engine: Callable[[str], RunningEngine], driver: str, seconds: float, tmp_path: Path
) -> None:
    """For `seconds` each time: frozen, so that nothing is answered; then gone, so that nothing listens."""
    engine = own_engine("cassandra")
    cassandra = CassandraConfig(hosts=("127.0.0.1",), port=engine.ports[0], driver=driver, request_timeout=2.0)
    broker = own_prefix(delay_unit_ms=1000)
    names = [f"event-{number}" for number in range(300)]
    async with opened_session(cassandra) as session:
        await Migration(session, cassandra, SystemClock()).run()
        async with running_flow(session, cassandra, broker, tmp_path) as flow:
            await flow.send(names[:50])
            await flow.acknowledged(50)

            engine.pause()
            await flow.send(names[50:150])
            before = set(flow.queue.acknowledged)
            await asyncio.sleep(seconds)
            assert set(flow.queue.acknowledged) == before, (
                "nothing is acknowledged while the store cannot say that it has it"
            )
            engine.resume()
            await flow.acknowledged(150)

            await flow.send(names[150:])
            await flow.acknowledged(160)
            engine.kill()
            at_kill = list(dict.fromkeys(flow.queue.acknowledged))
            await asyncio.sleep(max(0.0, seconds - START_SECONDS))
            engine.launch()
            await asyncio.to_thread(fleet.wait, [engine])
            assert await unfinished(flow, at_kill) == [], (
                "what was acknowledged is in the store, also after a power cut"
            )
            await flow.acknowledged(300)

            assert await unfinished(flow, names) == []
            for name in names:
                (page,) = await flow.records.history(dedup_key(url_of(name)), 10)
                known = await flow.records.look_up(dedup_key(url_of(name)))
                assert known.state is not None
                assert (known.state.status, known.state.page_id) == (Status.FETCHED, page.id)
            lengths = await flow.queue.lengths()
            assert (lengths.ready, lengths.deferred, lengths.dead) == (0, 0, 0)
    emptied_broker(broker)
