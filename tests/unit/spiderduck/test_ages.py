"""How old the oldest message is, by its number alone."""

from pathlib import Path

from schedulers.model import Message
from spiderduck.database.sqlite import Database
from spiderduck.queues.ages import MOST, Ages
from spiderduck.queues.sqlite import SqliteQueue
from tests.clock import FakeClock


def test_the_first_look_that_saw_an_entry_is_its_moment() -> None:
    ages = Ages()
    for now, newest in ((10.0, 5), (20.0, 5), (30.0, 9), (40.0, 12)):
        ages.look(now, newest)
    assert ages.since(3, 50.0) == 10.0, "it was there before the first look, and counts from there"
    assert ages.since(6, 50.0) == 30.0
    assert ages.since(12, 50.0) == 40.0
    assert ages.since(13, 50.0) == 50.0, "nobody has looked since"
    assert ages.since(None, 50.0) is None


def test_memory_is_bounded_and_an_age_is_never_too_long() -> None:
    ages = Ages()
    for second in range(10 * MOST):
        ages.look(float(second), second)
    assert len(ages._looks) <= MOST
    for oldest in (0, 17, 3 * MOST, 10 * MOST - 1):
        found = ages.since(oldest, 1e6)
        assert found is not None
        assert found >= oldest


async def test_the_queue_tells_since_when_its_oldest_messages_wait(tmp_path: Path) -> None:
    clock, database = FakeClock(), Database(tmp_path / "spiderduck.db")
    queue = SqliteQueue(database, clock)
    empty = await queue.lengths()
    assert (empty.oldest_at, empty.deferred_at) == (None, None)
    began = clock.now()
    for name in ("one", "two"):
        await queue.publish([Message(b"{}", name)])
        await queue.defer(Message(b"{}", f"late {name}"), began + 1000)
        found = await queue.lengths()
        assert (found.oldest_at, found.deferred_at) == (began, began)
        await clock.advance(60.0)
    await database.write(lambda connection: connection.execute("DELETE FROM messages WHERE event_id = 'one'"))
    assert (await queue.lengths()).oldest_at == began + 60.0
    await database.close()
