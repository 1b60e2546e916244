"""A hundred thousand records, versions and redirects by the commands themselves, from SQLite to Cassandra and back: the
same at the end, though the import was killed on the way, each time."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spiderduck.database.sqlite import Database
from spiderduck.stores.sqlite import SqliteStore
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import opened_session, settings
from tests.unit.spiderduck.transfer.test_transfer import NOW, page, states

COUNT = 33_334
"""Four lines for each: two records and two versions."""
KEYSPACE = f"moved_{os.getpid()}"
LONGEST_SECONDS = 1800.0


async def fill(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    database = Database(folder / "spiderduck.db")
    store = SqliteStore(database, FakeClock(NOW), lambda: None)
    for start in range(0, COUNT, 500):
        numbers = range(start, min(start + 500, COUNT))
        await store.take_over(
            [state for number in numbers for state in states(number)],
            [page(number, version) for number in numbers for version in (1, 2)],
        )
    await database.close()


def spiderduck(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "SPIDERDUCK_FETCHERS__USER_AGENT": "Test/1.0 (+http://test/bot)"}
    command = [sys.executable, "-m", "spiderduck", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def run(*arguments: str) -> float:
    """Until it ends well; the seconds that it took."""
    began = time.monotonic()
    process = spiderduck(*arguments)
    _, said = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 0, said.decode()
    return time.monotonic() - began


def kill_on_the_way(file: Path, *arguments: str) -> None:
    """Once it has read a third of the file."""
    process = spiderduck("import", str(file), *arguments)
    give_up = time.monotonic() + LONGEST_SECONDS
    while _read_of(process.pid, file) < file.stat().st_size / 3:
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def _read_of(pid: int, file: Path) -> int:
    for opened in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if opened.resolve() == file:
                return int(Path(f"/proc/{pid}/fdinfo/{opened.name}").read_text().split()[1])
        except FileNotFoundError:
            continue
    return 0


def lines(file: Path) -> list[bytes]:
    """But for the first, which tells the time."""
    return sorted(file.read_bytes().splitlines()[1:])


@pytest.mark.chaos
@pytest.mark.engine("cassandra")
def test_records_move_between_the_stores(tmp_path: Path) -> None:
    """Times are printed."""
    asyncio.run(fill(tmp_path / "there"))
    host, port = settings().hosts[0], settings().port
    cluster = tmp_path / "cluster.toml"
    cluster.write_text(
        f'data = "{tmp_path / "cluster"}"\n[broker]\nurl = "memory://"\n'
        f'[cassandra]\nhosts = ["{host}"]\nport = {port}\nkeyspace = "{KEYSPACE}"\n'
    )
    first, second, third = (tmp_path / name for name in ("first.jsonl", "second.jsonl", "third.jsonl"))
    there, back = ("--data", f"{tmp_path / 'there'}"), ("--data", f"{tmp_path / 'back'}")
    over = ("--config", f"{cluster}")
    run("migrate", *over)
    try:
        took = {"from SQLite": run("export", str(first), *there)}
        kill_on_the_way(first, *over)
        took["into Cassandra"] = run("import", str(first), *over)
        took["from Cassandra"] = run("export", str(second), *over)
        kill_on_the_way(second, *back)
        took["into SQLite"] = run("import", str(second), *back)
        took["from SQLite again"] = run("export", str(third), *back)
    finally:
        asyncio.run(_drop())
    print(f"{COUNT * 4:,} lines:", ", ".join(f"{what} {seconds:.0f} s" for what, seconds in took.items()))
    assert len(lines(first)) == 4 * COUNT + 1
    assert lines(first) == lines(second) == lines(third)


async def _drop() -> None:
    async with opened_session(settings()) as session:
        await session.run(f"DROP KEYSPACE IF EXISTS {KEYSPACE}")
