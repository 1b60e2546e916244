"""The embedded file of an older version is brought up to date where it is opened."""

import sqlite3
from pathlib import Path

from spiderduck.database.sqlite import Database
from spiderduck.subscriptions.ports import Filter
from spiderduck.subscriptions.sqlite import NoticeLog
from tests.clock import FakeClock


async def test_queues_of_the_first_schema_go_on(tmp_path: Path) -> None:
    """With their position; whatever was in the log then may have been handed out."""
    path = tmp_path / "spiderduck.db"
    await Database(path).close()
    with sqlite3.connect(path) as old:
        old.execute("ALTER TABLE subscribers DROP COLUMN handed")
        old.execute("ALTER TABLE subscribers DROP COLUMN created_at")
        for table in ("site_pictures", "takedowns", "domains", "webhooks", "webhook_deliveries", "answers"):
            old.execute(f"DROP TABLE {table}")
        old.execute("DROP INDEX urls_by_time")
        old.execute("PRAGMA user_version=1")
        for number in range(4):
            notice = (str(number), "type", "host", "fetched", "fetched", 7.0, b"%d" % number)
            old.execute(
                "INSERT INTO notices (id, type, host, status, outcome, at, body) VALUES (?,?,?,?,?,?,?)", notice
            )
        old.execute("INSERT INTO subscribers (name, position, at) VALUES ('team', 1, 7.0)")
    old.close()
    database = Database(path)
    log = NoticeLog(database, FakeClock())
    (team,) = await log.queues()
    assert (team.name, team.position, team.lag, team.created_at) == ("team", 1, 3, 7.0)
    for table in ("site_pictures", "webhooks", "webhook_deliveries", "answers"):
        sql = f"SELECT * FROM {table}"
        assert await database.read(lambda connection, sql=sql: connection.execute(sql).fetchall()) == []  # type: ignore[misc]
    subscription = await log.open("team", Filter(), after=3)
    assert subscription.reset is None
    assert [one.body for one in await subscription.receive(10)] == [b"3"]
    await subscription.close()
    await database.close()
