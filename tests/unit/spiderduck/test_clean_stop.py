"""A clean stop leaves one whole file: what is copied then is complete without a write-ahead log."""

import sqlite3
from pathlib import Path

from spiderduck.database.sqlite import Database


async def test_closing_folds_the_log_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "spiderduck.db"
    database = Database(path)
    await database.write(lambda connection: connection.execute("INSERT INTO marks (name, value) VALUES ('here', 1)"))
    await database.read(lambda connection: connection.execute("SELECT * FROM marks").fetchall())
    await database.close()
    assert not path.with_name("spiderduck.db-wal").exists() or not path.with_name("spiderduck.db-wal").stat().st_size
    alone = tmp_path / "copied.db"
    alone.write_bytes(path.read_bytes())
    with sqlite3.connect(alone) as connection:
        assert connection.execute("SELECT value FROM marks WHERE name = 'here'").fetchone() == (1,)
    connection.close()
