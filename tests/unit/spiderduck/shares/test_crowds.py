"""What very many share is scored from memory, and the score is that of the plain definition."""

import asyncio
from collections.abc import Sequence
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from spiderduck.shares.crowds import LATE_SECONDS, Crowds
from spiderduck.shares.model import Item
from spiderduck.shares.ports import Counted, ShareStore
from spiderduck.shares.trends import HOUR, LONGEST, WINDOWS, tally

NOW = 1_800_000_000.0
ITEM, OTHER = Item("links", "https://news.test/a"), Item("links", "https://news.test/b")


class Log:
    """What the store has, and how much of it was read."""

    def __init__(self) -> None:
        self.shares: list[Counted] = []
        self.read = 0

    async def of_item(self, item: Item, since: float, until: float) -> Sequence[Counted]:
        found = sorted(one for one in self.shares if since < one.at <= until)
        self.read += len(found)
        return found

    async def count_of(self, item: Item, since: float, until: float) -> int:
        return sum(since < one.at <= until for one in self.shares)


ages = st.one_of(st.floats(0, 2 * LONGEST), st.sampled_from([0.0, HOUR, 24 * HOUR, LONGEST, 2 * LONGEST]))
shared = st.builds(lambda age, who: Counted(NOW - age, bytes([who])), ages, st.integers(0, 9))
steps = st.lists(
    st.tuples(st.lists(shared, max_size=8), st.floats(0, 3 * HOUR), st.integers(0, 3), st.sampled_from(list(WINDOWS))),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_a_tally_is_that_of_the_whole_log(told: list[tuple[list[Counted], float, int, str]]) -> None:
    """Whatever comes late, leads elsewhere by now or was taken down, at every moment and for every window."""

    async def follow() -> None:
        log, until = Log(), NOW
        crowds = Crowds(cast(ShareStore, log))
        crowds.hold(ITEM)
        for shares, later, gone, name in told:
            until += later
            added = [one._replace(at=one.at + until - NOW) for one in shares]
            log.shares = [*log.shares[gone:], *added]
            for one in added:
                crowds.shared(ITEM, one.at)
            expected = tally(sorted(log.shares), WINDOWS[name], until)
            assert await crowds.tally(ITEM, WINDOWS[name], until) == expected

    asyncio.run(follow())


async def test_only_what_came_since_is_read() -> None:
    """And what may have come late."""
    log = Log()
    log.shares = [Counted(NOW - 2 * LONGEST * number / 5_000, number.to_bytes(16, "big")) for number in range(5_000)]
    crowds = Crowds(cast(ShareStore, log))
    crowds.hold(ITEM)
    week = WINDOWS["week"]
    assert await crowds.tally(ITEM, week, NOW) == tally(sorted(log.shares), week, NOW)
    assert log.read == 5_000
    log.shares.append(Counted(NOW + 5.0, b"new"))
    found = await crowds.tally(ITEM, week, NOW + 5.0)
    assert found == tally(sorted(log.shares), week, NOW + 5.0)
    assert log.read < 5_000 + 5_000 * LATE_SECONDS / LONGEST


async def test_what_is_held_is_bounded() -> None:
    """What was scored least lately goes; what is too much by itself is not held at all."""
    log = Log()
    log.shares = [Counted(NOW - number, bytes([number])) for number in range(60)]
    crowds = Crowds(cast(ShareStore, log), most=100)
    day = WINDOWS["day"]
    for item in (ITEM, OTHER):
        crowds.hold(item)
        assert await crowds.tally(item, day, NOW) is not None
    assert await crowds.tally(ITEM, day, NOW) is None
    assert await crowds.tally(OTHER, day, NOW) is not None
    assert await crowds.tally(OTHER, day, NOW - 1.0) is None  # it was read beyond that moment
    few = Crowds(cast(ShareStore, log), most=50)
    few.hold(ITEM)
    assert [await few.tally(ITEM, day, NOW) for _ in range(2)] == [None, None]


class OneReaderLog(Log):
    """How many were read at once."""

    reading = most_reading = 0

    async def of_item(self, item: Item, since: float, until: float) -> Sequence[Counted]:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        await asyncio.sleep(0)
        self.reading -= 1
        return await super().of_item(item, since, until)


async def test_several_that_are_scored_at_once_are_read_one_after_the_other() -> None:
    """Else what is being read would come on top of what may be held."""
    log = OneReaderLog()
    log.shares = [Counted(NOW - number, bytes([number])) for number in range(60)]
    crowds = Crowds(cast(ShareStore, log))
    items, day = [ITEM, OTHER, Item("domains", "news.test")], WINDOWS["day"]
    for item in items:
        crowds.hold(item)
    found = await asyncio.gather(*(crowds.tally(item, day, NOW) for item in items))
    assert found == [tally(sorted(log.shares), day, NOW)] * 3
    assert log.most_reading == 1
