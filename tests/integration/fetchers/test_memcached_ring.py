"""Several memcached servers of which some are dead, slow or lying."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from fetchers.model import KeptPoliteness
from fetchers.stores.memcached import RETRY_SECONDS, MemcachedHostStates, MemcachedRing
from tests.clock import FakeClock

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()
            tasks.discard(task)

    listener = await asyncio.start_server(run, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Memory:
    """A small memcached."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            words = line.split()
            if words[0] == b"set":
                self.values[words[1]] = (await reader.readexactly(int(words[4]) + 2))[:-2]
                writer.write(b"STORED\r\n")
            else:
                value = self.values.get(words[1])
                if value is not None:
                    writer.write(b"VALUE %b 0 %d\r\n%b\r\n" % (words[1], len(value), value))
                writer.write(b"END\r\n")


def answering(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(answer)

    return serve


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_keys_are_spread_and_a_loss_moves_only_those_of_the_lost() -> None:
    clock, memories = FakeClock(), [Memory(), Memory(), Memory()]
    async with server(memories[0]) as one, server(memories[1]) as two, server(memories[2]) as three:
        ring = MemcachedRing([one, two, three], clock)
        for number in range(90):
            await ring.set(str(number), b"%d" % number, 60.0)
        assert all(15 <= len(memory.values) <= 45 for memory in memories)
        fewer = MemcachedRing([one, three], clock)
        kept = [await fewer.get(str(number)) for number in range(90)]
        assert sum(value is not None for value in kept) == len(memories[0].values) + len(memories[2].values)
        await ring.close()
        await fewer.close()


async def test_a_dead_server_is_left_out_and_tried_again_later() -> None:
    clock, memory = FakeClock(), Memory()
    async with server(memory) as alive:
        async with server(memory) as dying:
            pass
        ring = MemcachedRing([alive, dying], clock)
        for number in range(20):
            await ring.set(str(number), b"x", 60.0)
        assert ring.counters.ejections == 1, "asked once, then left out"
        for number in range(20):
            await ring.set(str(number), b"x", 60.0)
        assert [await ring.get(str(number)) for number in range(20)] == [b"x"] * 20
        await clock.advance(RETRY_SECONDS + 1)
        for number in range(20):
            await ring.get(str(number))
        assert ring.counters.ejections == 2
        await ring.close()


async def test_a_silent_server_costs_one_wait() -> None:
    clock = FakeClock()
    async with server(silent) as address:
        ring = MemcachedRing([address], clock, timeout=0.05)
        assert [await ring.get(str(number)) for number in range(50)] == [None] * 50
        assert (ring.counters.failures, ring.counters.ejections) == (1, 1)
        await ring.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"\r\n",
        b"VALUE\r\n",
        b"VALUE x y z\r\n",
        b"VALUE other 0 1\r\nx\r\nEND\r\n",
        b"SERVER_ERROR out of memory\r\n",
        b"\xff" * 100 + b"\r\n",
        b"VALUE x 0 99999999999\r\nx",
    ],
)
async def test_garbage_is_as_good_as_nothing(answer: bytes) -> None:
    async with server(answering(answer)) as address:
        ring = MemcachedRing([address], FakeClock(), timeout=0.05)
        assert await ring.get("x") is None
        await ring.set("x", b"1", 60.0)
        assert ring.counters.hits == 0
        await ring.close()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"garbage",
        b"\x81\xa3tat\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",
        b"\x81\xa3tat\xcf" + b"\xff" * 8,
        b"\x91\x01",
    ],
)
async def test_a_poisoned_state_is_not_believed(value: bytes) -> None:
    """Infinity, or a moment in the far future, would silence a domain for ever."""
    memory = Memory()
    async with server(memory) as address:
        ring = MemcachedRing([address], FakeClock())
        states = MemcachedHostStates(ring, FakeClock())
        await states.save("a.test", KeptPoliteness(1.0))
        memory.values = dict.fromkeys(memory.values, value)
        assert await states.load("a.test") is None
        assert ring.counters.unreadable == 1
        await ring.close()


async def test_a_cancelled_question_leaves_no_answer_for_the_next() -> None:
    memory, hold = Memory(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        await memory(reader, writer)

    async with server(slow) as address:
        ring = MemcachedRing([address], FakeClock(), timeout=5.0)
        asked = asyncio.create_task(ring.get("a"))
        await asyncio.sleep(0.05)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        hold.set()
        await ring.set("b", b"2", 60.0)
        assert await ring.get("b") == b"2"
        await ring.close()
