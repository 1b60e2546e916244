"""A process that waits for its engines says that it lives, that it is not ready, and what it waits for."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from groundwork.clock import SystemClock
from groundwork.front.server import bound
from spiderduck.bootstrap import embedded
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.parts import EVERYTHING
from spiderduck.bootstrap.starting import answering_meanwhile
from spiderduck.bootstrap.waiting import noted, waited_for
from spiderduck.config import Config, load


class ShortClock(SystemClock):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with bound("127.0.0.1", 0) as one:
        yield one


async def test_probes_are_answered_while_engines_are_away(listener: socket.socket) -> None:
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=20) as http:
        async with answering_meanwhile(Config(), [listener], ShortClock()):
            assert (await http.get("/healthz")).text == "ok"
            with noted("the broker", "nothing answers at rabbit:5672", "start it"):
                ready = await http.get("/readyz")
            assert ready.status_code == 503
            (told,) = ready.json()["dependencies"]
            assert ready.json()["missing"] == {"the broker": "nothing answers at rabbit:5672"}
            assert (told["state"], told["kind"], told["remedy"]) == ("missing", "away", "start it")
            assert told["since"].startswith("20")
            assert "spiderduck_build_info" in (await http.get("/metrics")).text
            other = await http.get("/v1/urls")
            assert (other.status_code, other.headers["retry-after"]) == (503, "1")
            assert other.json()["code"] == "starting"
        assert waited_for() == []

        async def real(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nreal")
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(real, sock=listener.dup())
        assert (await http.get("/readyz")).text == "real"
        server.close()
        await server.wait_closed()


async def test_a_quick_start_and_one_that_fails_leave_nothing(listener: socket.socket) -> None:
    with pytest.raises(ValueError, match="no"):
        async with answering_meanwhile(Config(), [listener], SystemClock()):
            raise ValueError("no")
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "answers while starting"]


async def test_the_loop_goes_on_while_a_database_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named as what is waited for, and a signal to end waits until nobody works on the file."""
    go_on, is_over = threading.Event(), threading.Event()

    def bring_up_to_date(file: Path) -> None:
        assert go_on.wait(30)
        is_over.set()

    monkeypatch.setattr(embedded, "bring_up_to_date", bring_up_to_date)
    config = load(None, {}, {"data": str(tmp_path)})
    async with AsyncExitStack() as stack:
        given = Composition(config, tmp_path, EVERYTHING, SystemClock(), stack)
        opening = asyncio.create_task(embedded.open_embedded(given))
        while not waited_for():
            await asyncio.sleep(0)
        assert waited_for()[0].name == "store"
        opening.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert is_over.is_set()
    assert waited_for() == []
