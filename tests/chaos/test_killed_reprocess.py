"""Archived pages are read again and written by the command itself, which is killed over and over: at the end each page
was changed and told once."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from schedulers import notice
from spiderduck.database.sqlite import Database
from tests.unit.spiderduck.reprocess.test_reprocess import World, url_of, without_title

COUNT, KILLS = 400, 2
LONGEST_SECONDS = 600.0


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "spiderduck", "reprocess", "--write", "--data", str(folder)]
    return subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def kept(folder: Path) -> bytes:
    try:
        return (folder / "reprocess.json").read_bytes()
    except FileNotFoundError:
        return b""


@pytest.mark.chaos
async def test_a_killed_run_changes_and_tells_each_page_once(tmp_path: Path) -> None:
    """Killed in the midst of a step, whenever one more was kept."""
    world = World(tmp_path / "data")
    await world.keep(COUNT, without_title)
    for _ in range(KILLS):
        before, process = kept(world.folder), start(world.folder)
        give_up = time.monotonic() + LONGEST_SECONDS
        while kept(world.folder) == before:
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < give_up
            await asyncio.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = start(world.folder)
    _, said = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 0, said.decode()
    assert await world.titles() == {url_of(number): f"Page {number}" for number in range(COUNT)}
    database = Database(world.folder / "spiderduck.db")
    sql = "SELECT body FROM notices WHERE type = ?"
    told = await database.read(lambda connection: connection.execute(sql, (notice.UPDATED,)).fetchall())
    await database.close()
    assert Counter(json.loads(body)["subject"] for (body,) in told) == Counter(
        url_of(number) for number in range(0, COUNT, 2)
    )
