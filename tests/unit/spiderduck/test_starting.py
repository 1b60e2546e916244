"""A process that waits for its engines says that it lives, that it is not ready, and what it waits for."""

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest

from groundwork.clock import SystemClock
from groundwork.front.server import bound
from spiderduck.bootstrap.starting import answering_meanwhile
from spiderduck.bootstrap.waiting import noted, waited_for
from spiderduck.config import Config


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
