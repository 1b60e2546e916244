"""The broker is killed and started again, its link is cut, its memory is full: nothing is lost, our processes go on."""

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.clock import SystemClock
from schedulers.identity import identity_of
from schedulers.model import Message
from schedulers.urls import dedup_key
from spiderduck.errors import StoreUnavailable
from spiderduck.subscriptions.kombu import KombuSubscriptions
from spiderduck.subscriptions.ports import Filter
from tests.engines import fleet
from tests.engines.rabbitmq import control_environment
from tests.engines.running import RunningEngine
from tests.engines.toxics import Toxiproxy
from tests.integration.cluster.brokers import emptied_broker, on_port, opened_publisher, opened_queue, own_prefix
from tests.integration.cluster.flow import running_flow, url_of
from tests.integration.cluster.keyspaces import emptied_keyspace

CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
NAMES = [f"event-{number}" for number in range(300)]


@pytest.mark.engine("cassandra", "rabbitmq")
async def test_a_broker_killed_and_started_again_loses_nothing(
    own_engine: Callable[[str], RunningEngine], tmp_path: Path
) -> None:
    """Events, notices and acknowledgements: each event is finished, and told at least once, with one id."""
    engine = own_engine("rabbitmq")
    broker = own_prefix(engine.environment["SPIDERDUCK_TEST_RABBITMQ"], delay_unit_ms=1000)
    async with emptied_keyspace() as (session, cassandra):
        notices = KombuSubscriptions(broker, SystemClock())
        await notices.create("team")
        subscription = await notices.open("team", Filter())
        told: Counter[bytes] = Counter()
        more = asyncio.Event()

        async def listen() -> None:
            while True:
                received = await subscription.receive(100)
                told.update(one.body.partition(b'"subject":"')[2].partition(b'"')[0] for one in received)
                more.set()
                await subscription.ack(received[-1].position)

        listening = asyncio.create_task(listen())
        async with running_flow(session, cassandra, broker, tmp_path) as flow:
            await flow.send(NAMES)
            await flow.acknowledged(60)
            engine.kill()
            engine.launch()
            await asyncio.to_thread(fleet.wait, [engine])
            await flow.acknowledged(len(NAMES))
            known = await asyncio.gather(
                *(flow.records.look_up(dedup_key(url_of(name)), identity_of("generic", name)) for name in NAMES)
            )
            assert all(one.seen for one in known)
            async with asyncio.timeout(20):
                while len(told) < len(NAMES):
                    more.clear()
                    await more.wait()
            assert set(told) == {url_of(name).encode() for name in NAMES}
            assert len(flow.web.fetched) == len(set(flow.web.fetched)), "what was finished is not fetched again"
            lengths = await flow.queue.lengths()
            assert (lengths.deferred, lengths.dead) == (0, 0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await notices.close()


async def test_a_cut_link_is_made_anew_and_what_was_not_confirmed_is_sent_again(
    rabbitmq_url: str, toxiproxy: Toxiproxy
) -> None:
    upstream = rabbitmq_url.rpartition("@")[2].strip("/")
    direct = own_prefix(rabbitmq_url)
    with toxiproxy.link(upstream) as link:
        config = on_port(direct, link.port)
        async with opened_queue(config, SystemClock()) as queue:
            await queue.publish([message("before")])
            link.cut()
            publishing = asyncio.create_task(queue.publish([message("while away")]))
            await asyncio.sleep(0.3)
            assert not publishing.done()
            link.restore()
            async with asyncio.timeout(20):
                await publishing
                came = {(await queue.receive()).message.event_id for _ in range(2)}
            assert came == {"before", "while away"}
    emptied_broker(direct)


async def test_a_half_open_link_is_noticed_by_its_heartbeat(rabbitmq_url: str, toxiproxy: Toxiproxy) -> None:
    """Data vanishes and the connection stays: the heartbeat (4 s in these tests) ends it."""
    upstream = rabbitmq_url.rpartition("@")[2].strip("/")
    direct = own_prefix(rabbitmq_url)
    with toxiproxy.link(upstream) as link:
        async with opened_queue(on_port(direct, link.port), SystemClock()) as queue:
            await queue.publish([message("before")])
            link.spoil("timeout", timeout=0)
            link.spoil("timeout", upstream=True, timeout=0)
            with pytest.raises(StoreUnavailable):
                async with asyncio.timeout(30):
                    await queue.publish([message("into the void")])
            link.cut()
            link.restore()
            async with asyncio.timeout(30):
                await queue.publish([message("after")])
    emptied_broker(direct)


@pytest.mark.engine("rabbitmq")
async def test_a_broker_that_takes_nothing_is_waited_for(own_engine: Callable[[str], RunningEngine]) -> None:
    """Its memory alarm: publishing waits or says so, acknowledging goes on, and all arrives when the alarm is over."""
    engine = own_engine("rabbitmq")
    broker = own_prefix(engine.environment["SPIDERDUCK_TEST_RABBITMQ"])
    async with opened_publisher(broker) as (link, _), opened_queue(broker, SystemClock()) as queue:
        await queue.publish([message("before")])
        delivery = await queue.receive()
        await control(engine, "set_vm_memory_high_watermark", "0")
        waiting = asyncio.create_task(queue.defer(message("while full"), 0.0))
        refused = asyncio.create_task(queue.publish([message("refused")]))
        await queue.ack(delivery)
        with pytest.raises(StoreUnavailable):
            await refused
        assert not waiting.done()
        await control(engine, "set_vm_memory_high_watermark", "0.9")
        async with asyncio.timeout(10):
            await waiting
            came = {(await queue.receive()).message.event_id}
            while "while full" not in came:
                came.add((await queue.receive()).message.event_id)
        assert "before" not in came, "it was acknowledged meanwhile"
        assert link.trouble is None


async def control(engine: RunningEngine, *arguments: str) -> None:
    environment = {**os.environ, **control_environment(engine.folder, engine.ports)}
    done = await asyncio.to_thread(
        subprocess.run, [CONTROL, *arguments], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def message(name: str) -> Message:
    return Message(f'{{"text": "{name}"}}'.encode(), name)
