"""Places for loads: whoever hangs or asks for much leaves the rest to others; who must wait, waits in turn."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from imagepipe.errors import Busy
from imagepipe.limiter import FairLimiter, FairLimits


class Loads:
    """Loads that hold their place until they are told to end."""

    def __init__(self, limiter: FairLimiter) -> None:
        self.limiter = limiter
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, name: str, host: str, client: str) -> None:
        async def load() -> None:
            async with self.limiter.one(host, client):
                self.begun.append(name)
                await self.ends[name].wait()

        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(load())
        await settle()

    async def end(self, *names: str) -> None:
        for name in names:
            self.ends[name].set()
        await settle()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def loads() -> Loads:
    return Loads(FairLimiter(FairLimits(total=6, per_host=2, per_client=3, waiting=8)))


async def test_a_host_that_hangs_leaves_room_for_others(loads: Loads) -> None:
    for number in range(4):
        await loads.start(f"hanging {number}", "hangs.test", f"client {number}")
    await loads.start("other", "fine.test", "client 9")
    assert loads.begun == ["hanging 0", "hanging 1", "other"]
    await loads.end("hanging 0")
    assert loads.begun[-1] == "hanging 2"


async def test_a_client_that_asks_for_much_leaves_room_for_others(loads: Loads) -> None:
    for number in range(5):
        await loads.start(f"greedy {number}", f"host{number}.test", "greedy")
    await loads.start("modest", "host9.test", "modest")
    assert loads.begun == ["greedy 0", "greedy 1", "greedy 2", "modest"]
    await loads.start("ours", "host8.test", "")
    await loads.end("greedy 1")
    assert loads.begun[-2:] == ["ours", "greedy 3"]


async def test_clients_that_wait_take_turns() -> None:
    loads = Loads(FairLimiter(FairLimits(total=1, per_host=9, per_client=9, waiting=20)))
    await loads.start("first", "a.test", "z")
    for name, client in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b")):
        await loads.start(name, "a.test", client)
    for name in ("first", "a1", "b1", "a2", "b2", "a3"):
        await loads.end(name)
    assert loads.begun == ["first", "a1", "b1", "a2", "b2", "a3"]
    assert (loads.limiter.taken, loads.limiter.waiting) == (0, 0)


async def test_waiting_for_a_busy_host_does_not_hold_up_the_same_client_elsewhere(loads: Loads) -> None:
    for number in range(3):
        await loads.start(f"slow {number}", "slow.test", f"c{number}")
    await loads.start("quick", "quick.test", "c2")
    assert loads.begun == ["slow 0", "slow 1", "quick"]


async def test_the_queue_is_bounded_in_all_and_for_each_client(loads: Loads) -> None:
    for number in range(5):
        await loads.start(f"greedy {number}", f"host{number}.test", "greedy")
    with pytest.raises(Busy):
        async with loads.limiter.one("more.test", "greedy"):
            pass
    await loads.start("other", "more.test", "other")
    assert "other" in loads.begun


async def test_where_no_more_may_wait_the_client_that_waits_for_most_gives_way() -> None:
    loads = Loads(FairLimiter(FairLimits(total=9, per_host=9, per_client=1, waiting=6, waiting_share=2)))
    for name in ("a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"):
        await loads.start(name, "o.test", name[0])
    assert (loads.begun, loads.limiter.waiting) == (["a0", "b0"], 6)
    for name in ("c0", "c1", "c2"):
        await loads.start(name, "o.test", name[0])
    assert loads.begun[-1] == "c0", "a newcomer's first does not wait at all"
    assert [name for name, task in loads.tasks.items() if task.done()] == ["a3", "b3"]
    assert all(isinstance(loads.tasks[name].exception(), Busy) for name in ("a3", "b3"))
    assert loads.limiter.waiting == 6
    with pytest.raises(Busy):  # now all wait for as many
        async with loads.limiter.one("o.test", "c"):
            pass
    await loads.end("a0", "b0", "c0")
    assert loads.begun[-3:] == ["a1", "b1", "c1"]
    await loads.end(*(name for name in loads.tasks if name[1] in "123"))
    assert (loads.limiter.taken, loads.limiter.waiting) == (0, 0)


async def test_who_must_give_way_in_the_moment_it_gives_up_leaves_nothing_behind() -> None:
    loads = Loads(FairLimiter(FairLimits(total=9, per_host=9, per_client=1, waiting=2, waiting_share=1)))
    for name in ("a0", "a1", "a2", "b0"):
        await loads.start(name, "o.test", name[0])
    starting = asyncio.create_task(loads.start("b1", "o.test", "b"))
    while "b1" not in loads.tasks:
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # b1 has made room for itself, and a2 has not yet heard of it
    loads.tasks["a2"].cancel()
    await starting
    assert loads.tasks["a2"].done()
    await loads.end("a0", "b0", "a1")
    assert loads.begun == ["a0", "b0", "a1", "b1"]
    await loads.end("b1")
    assert (loads.limiter.taken, loads.limiter.waiting) == (0, 0)


async def test_our_own_work_gives_way_to_nobody() -> None:
    loads = Loads(FairLimiter(FairLimits(total=1, per_host=9, per_client=9, waiting=3)))
    for number in range(4):
        await loads.start(f"own {number}", "o.test", "")
    with pytest.raises(Busy):
        async with loads.limiter.one("o.test", "stranger"):
            pass
    assert loads.limiter.waiting == 3
    await loads.end(*loads.tasks)


async def test_who_gives_up_leaves_nothing_behind(loads: Loads) -> None:
    for number in range(4):
        await loads.start(f"l{number}", "a.test", f"c{number}")
    loads.tasks["l2"].cancel()
    await settle()
    loads.ends["l0"].set()
    loads.tasks["l3"].cancel()  # in the very turn in which its place becomes free
    await settle()
    await loads.end("l1")
    assert (loads.limiter.taken, loads.limiter.waiting) == (0, 0)


async def test_two_hundred_and_fifty_six_hanging_sources_of_one_client_do_not_stop_another() -> None:
    loads = Loads(FairLimiter(FairLimits(total=256, per_host=32, per_client=64, waiting=4096)))
    for number in range(256):
        await loads.start(f"h{number}", f"hang{number}.test", "stranger")
    await loads.start("mine", "fine.test", "me")
    assert "mine" in loads.begun
    async with AsyncExitStack() as stack:
        for _ in range(31):
            await stack.enter_async_context(loads.limiter.one("fine.test", "me"))
    for task in loads.tasks.values():
        task.cancel()
    await asyncio.gather(*loads.tasks.values(), return_exceptions=True)
    assert (loads.limiter.taken, loads.limiter.waiting) == (0, 0)


async def test_what_waits_is_bounded_by_its_bytes() -> None:
    """One client has half of them, and one piece always; who waits for most gives way to others."""
    limiter = FairLimiter(FairLimits(9, 9, per_client=1, waiting=100, waiting_share=2, waiting_bytes=100))
    held = asyncio.Event()

    async def piece(client: str, size: int) -> None:
        async with limiter.one("", client, size):
            await held.wait()

    def begin(client: str, *sizes: int) -> "list[asyncio.Task[None]]":
        return [asyncio.ensure_future(piece(client, size)) for size in sizes]

    tasks = begin("a", 0, 30, 20, 10)  # one runs, two wait, the last is more than its half
    await asyncio.sleep(0)
    assert isinstance(tasks[3].exception(), Busy)
    tasks += begin("b", 0, 60)  # the first that waits of a client may be of any size; the newest of `a` gives way
    for _ in range(5):
        await asyncio.sleep(0)
    assert [task.done() for task in tasks] == [False, False, True, True, False, False]
    held.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (limiter.waiting, limiter.taken) == (0, 0)
