"""The doctor names what would keep an instance from running well, with a remedy for each."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fetchers.config import FetchersConfig, Network
from groundwork.terminal import plain
from spiderduck.bootstrap import examining
from spiderduck.bootstrap.examining import Finding, examine
from spiderduck.config import Config
from spiderduck.settings.coordination import MemcachedConfig


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dns(_: Config) -> list[Finding]:
        return [Finding("DNS", "ok", "")]

    monkeypatch.setattr(examining, "_dns", dns)


def configured(**fetchers: object) -> Config:
    agent = "ExampleBot/1.0 (+https://example.com/bot)"
    return Config(fetchers=FetchersConfig(**{"user_agent": agent, **fetchers}))  # type: ignore[arg-type]


async def findings(config: Config, data: Path) -> Mapping[str, Finding]:
    found = await examine(config, data)
    assert all(one.remedy for one in found if one.state != "ok"), "each trouble has a remedy"
    assert all(plain(one.says) == one.says for one in found)
    return {one.name: one for one in found}


async def test_what_is_well_is_said_to_be(tmp_path: Path) -> None:
    found = await findings(configured(), tmp_path / "data")
    assert {found[name].state for name in ("versions", "user agent", "address guard", "data folder", "engines")} == {
        "ok"
    }
    assert not (tmp_path / "data").exists(), "it changes nothing"


async def test_a_bot_without_a_page_and_an_open_guard_are_warned_of(tmp_path: Path) -> None:
    config = configured(user_agent="Bot/1", network=Network(allow_addresses=("127.0.0.0/8",)))
    found = await findings(config, tmp_path)
    assert found["user agent"].state == "warning"
    assert found["address guard"].state == "warning"
    assert "127.0.0.1" in found["address guard"].says


async def test_a_database_of_a_newer_version_fails(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "spiderduck.db")) as connection:
        connection.execute("PRAGMA user_version=1000")
    assert (await findings(configured(), tmp_path))["schema"].state == "failed"


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def test_an_engine_that_is_away_fails_and_one_of_two_warns(tmp_path: Path) -> None:
    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    closed = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    away = f"127.0.0.1:{closed.sockets[0].getsockname()[1]}"
    closed.close()
    await closed.wait_closed()
    states = []
    for hosts in ((f"127.0.0.1:{port}",), (f"127.0.0.1:{port}", away), (away,)):
        config = replace(configured(), memcached=MemcachedConfig(hosts=hosts))
        states.append((await findings(config, tmp_path))["memcached"].state)
    server.close()
    await server.wait_closed()
    assert states == ["ok", "warning", "failed"]


async def test_a_check_that_breaks_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: Config) -> Finding:
        raise RuntimeError("unheard of")

    monkeypatch.setattr(examining, "_user_agent", breaks)
    found = {one.name: one for one in await examine(configured(), tmp_path)}
    assert found["user agent"].state == "failed"
    assert "engines" in found
