"""The contract of the `WebhookStorage` port on every adapter."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from spiderduck.database.sqlite import Database
from spiderduck.webhooks.cassandra import CassandraWebhooks
from spiderduck.webhooks.errors import TooManyWebhooks, UnknownWebhook
from spiderduck.webhooks.model import Attempt, Delivery, SealedSecret, Webhook
from spiderduck.webhooks.ports import Pending, WebhookStorage
from spiderduck.webhooks.redacting import KeptDeliveries
from spiderduck.webhooks.sqlite import SqliteWebhooks
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import WEBHOOKS, emptied_keyspace

START = 1_700_000_000.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("acsylla", marks=pytest.mark.engine("cassandra")),
        pytest.param("cassandra-driver", marks=pytest.mark.engine("cassandra")),
    ]
)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[WebhookStorage]:
    if request.param == "sqlite":
        database = Database(tmp_path / "store.db")
        yield SqliteWebhooks(database)
        await database.close()
        return
    async with emptied_keyspace(request.param, tables=WEBHOOKS) as (session, config):
        yield CassandraWebhooks(session, config.keyspace, clock, 7 * 86_400)


def webhook(name: str, at: float = START) -> Webhook:
    return Webhook(
        id=name,
        url=f"https://hooks.example/{name}",
        types=("spiderduck.url.processed",),
        domains=("example.org",),
        secrets=(SealedSecret(b"\x00sealed\xff", "whpk_x"), SealedSecret(b"old", "whpk_y", until=at + 60)),
        created_at=at,
    )


def delivery(name: str, at: float = START, due: float | None = None) -> Delivery:
    return Delivery(id=name, type="t", created_at=at, body=b'{"id":"%b"}' % name.encode(), due=due)


async def added(store: WebhookStorage) -> None:
    for name in ("a", "b"):
        await store.add(webhook(name), 10)


async def test_webhooks_come_back_as_they_were_the_oldest_first(store: WebhookStorage) -> None:
    assert await store.webhooks() == []
    await store.add(webhook("b", START + 1), 10)
    await store.add(webhook("a", START + 2), 10)
    await store.add(webhook("c", START), 10)
    assert await store.webhooks() == [webhook("c", START), webhook("b", START + 1), webhook("a", START + 2)]


async def test_there_are_as_many_as_there_may_be(store: WebhookStorage) -> None:
    await store.add(webhook("a"), 2)
    await store.add(webhook("b"), 2)
    with pytest.raises(TooManyWebhooks):
        await store.add(webhook("c"), 2)
    assert len(await store.webhooks()) == 2


async def test_a_change_is_of_what_is_stored_and_counted(store: WebhookStorage) -> None:
    await store.add(webhook("a"), 10)
    changed = await store.change("a", lambda one: msgspec.structs.replace(one, disabled_because="so"))
    assert (changed.disabled_because, changed.version) == ("so", 1)
    assert await store.webhooks() == [changed]
    with pytest.raises(UnknownWebhook):
        await store.change("b", lambda one: one)


async def test_changes_at_once_happen_one_after_the_other(store: WebhookStorage) -> None:
    await store.add(webhook("a"), 10)

    def one_more(before: Webhook) -> Webhook:
        return msgspec.structs.replace(before, domains=(*before.domains, f"d{len(before.domains)}.example"))

    await asyncio.gather(*(store.change("a", one_more) for _ in range(5)))
    (found,) = await store.webhooks()
    assert len(found.domains) == 6
    assert found.version == 5


async def test_a_change_that_raises_changes_nothing(store: WebhookStorage) -> None:
    await store.add(webhook("a"), 10)

    def refuse(_: Webhook) -> Webhook:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.change("a", refuse)
    assert await store.webhooks() == [webhook("a")]


async def test_a_removed_webhook_is_gone(store: WebhookStorage) -> None:
    """With all that was noted, and of no other one."""
    await added(store)
    for number in range(3):
        await store.note("a", delivery(f"n{number}", START + 3_600 * number, due=START if number else None))
    await store.note("b", delivery("n0"))
    assert await store.remove("a")
    assert not await store.remove("a")
    assert await store.webhooks() == [webhook("b")]
    assert [await store.find("a", f"n{number}") for number in range(3)] == [None] * 3
    assert await store.pending("a") == []
    assert await store.newest("a", None, 10) == []
    assert await store.find("b", "n0") == delivery("n0")


async def test_a_delivery_is_what_was_noted_last(store: WebhookStorage) -> None:
    await added(store)
    assert await store.find("a", "n1") is None
    first = delivery("n1", due=START + 5)
    await store.note("a", first)
    assert await store.find("a", "n1") == first
    attempt = Attempt(at=START + 5, took_ms=12, status_code=500, reason="it answered 500")
    tried = first.tried(attempt, "pending", START + 300)
    await store.note("a", tried)
    assert await store.find("a", "n1") == tried
    assert await store.find("b", "n1") is None


async def test_pending_are_those_with_an_attempt_before_them(store: WebhookStorage) -> None:
    await added(store)
    await store.note("a", delivery("n1", due=START + 5))
    await store.note("a", delivery("n2", due=START + 1))
    await store.note("a", delivery("n3"))
    await store.note("b", delivery("n4", due=START))
    assert sorted(await store.pending("a")) == [Pending(START + 1, "n2"), Pending(START + 5, "n1")]
    await store.note("a", delivery("n1", due=START + 9))
    await store.note("a", delivery("n2"))
    assert await store.pending("a") == [Pending(START + 9, "n1")]


async def test_deliveries_are_read_page_by_page(store: WebhookStorage) -> None:
    """Over the border of an hour, the newest first, each once."""
    await added(store)
    moments = [START + 700 * number for number in range(12)]
    for number, at in enumerate(moments):
        await store.note("a", delivery(f"n{number}", at))
        await store.note("a", delivery(f"n{number}", at, due=at))
    await store.note("b", delivery("other"))
    found: list[str] = []
    before = None
    while page := await store.newest("a", before, 5):
        found += [one.id for one in page]
        before = page[-1].created_at
    assert found == [f"n{number}" for number in reversed(range(12))]


async def test_what_was_taken_down_leaves_the_log(store: WebhookStorage) -> None:
    """Of each webhook, whatever became of the delivery, and of nothing else."""
    for name in ("a", "b"):
        await store.add(webhook(name), 10)
        for number in range(3):
            at = START + number
            await store.note(name, delivery(f"n{number}", at, due=at if number == 1 else None))
        other = msgspec.structs.replace(delivery("other", START + 9), body=b'{"url": "http://other.test/"}')
        await store.note(name, other)

    def redact(body: bytes) -> bytes | None:
        return b"{}" if b"n" in body else None

    assert await KeptDeliveries(store).redact(['"n0"', '"n1"'], redact) == 4
    for name in ("a", "b"):
        found = {one.id: one for one in await store.newest(name, None, 10)}
        assert [found[one].body for one in ("n0", "n1")] == [b"{}", b"{}"]
        assert b"n2" in found["n2"].body
        assert b"other" in found["other"].body
        assert (await store.pending(name)) == [Pending(START + 1, "n1")]


async def test_one_process_owns_a_webhook(store: WebhookStorage) -> None:
    """In a cluster; whoever has the file owns all of them."""
    assert await store.hold("a", "one", 60)
    assert await store.hold("a", "one", 60)
    if isinstance(store, SqliteWebhooks):
        return
    assert not await store.hold("a", "two", 60)
    assert await store.hold("b", "two", 60)
    await store.let_go("a", "two")
    assert not await store.hold("a", "two", 60)
    await store.let_go("a", "one")
    assert await store.hold("a", "two", 60)
    assert not await store.hold("a", "one", 60)
    assert sum(await asyncio.gather(*(store.hold("c", f"p{number}", 60) for number in range(4)))) == 1
