"""Writes a store's records as lines, and takes lines over into a store. Both go on for as long as it takes, in steps of
bounded memory; both may be repeated."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from schedulers.links import key_of
from schedulers.model import Known, Page, Status, UrlState
from spiderduck.stores.ports import Walked
from spiderduck.takedowns.model import Takedown
from spiderduck.transfer.lines import VERSION, BadExport, End, Head, Line, PageLine, StateLine, TakedownLine, read_line

RECORDS_AT_ONCE = 200
VERSIONS_AT_ONCE = 100
BYTES_AT_ONCE = 8 * 1024 * 1024
ON_THEIR_WAY = frozenset({Status.PENDING, Status.DEFERRED, Status.UNKNOWN})
"""Belong to messages of the store's own queue, which stay there."""


class Moved(NamedTuple):
    """How many of each were written or read, and how many of those that were read are taken down and were left out."""

    states: int = 0
    pages: int = 0
    left_out: int = 0


class Source(Protocol):
    """What is read."""

    async def walk(self, after: str | None, most: int) -> Walked:
        """As `spiderduck.stores.ports.Judgements.walk`."""

    async def known(self, keys: Sequence[str]) -> Sequence[Known]:
        """As `spiderduck.stores.ports.Lookups.known`."""

    async def history(self, key: str, most: int, before: int | None = None) -> Sequence[Page]:
        """As `spiderduck.stores.ports.Lookups.history`."""


class Target(Protocol):
    """What is written."""

    async def take_over(self, states: Sequence[UrlState], pages: Sequence[Page]) -> None:
        """As `spiderduck.stores.ports.Imports.take_over`."""


class TakenDown(Protocol):
    """What is taken down where records are written."""

    async def add(self, takedown: Takedown) -> None:
        """In force from now on, and what is there of it goes with the next start."""

    def is_gone(self, key: str) -> bool:
        """Whether the URL with that dedup key is taken down."""


async def lines_of(source: Source, now: float, taken_down: Sequence[Takedown] = ()) -> AsyncIterator[Line]:
    """What was taken down, and everything that came to an ending: each URL's state, and all versions of its page.
    `now`: epoch seconds."""
    yield Head(VERSION, now)
    for takedown in taken_down:
        yield TakedownLine(takedown)
    states, pages, after = 0, 0, None
    while True:
        walked = await source.walk(after, RECORDS_AT_ONCE)
        ended = [one for one in walked.known if one.state is not None and one.state.status not in ON_THEIR_WAY]
        owned = await _owned_pages(source, ended)
        first = await asyncio.gather(*(source.history(key, VERSIONS_AT_ONCE) for key in owned))
        for known in ended:
            if known.state is not None:
                states += 1
                yield StateLine(known.state)
        for key, newest in zip(owned, first, strict=True):
            async for page in _versions(source, key, newest):
                pages += 1
                yield PageLine.of(page)
        after = walked.after
        if after is None:
            break
    yield End(states, pages)


async def take_over(
    target: Target, taken_down: TakenDown, lines: Iterable[bytes], step: Callable[[Moved], None]
) -> Moved:
    """`step` is told how far it came. Raises `BadExport`, with what came before it taken over; repeating does no
    harm."""
    states: list[UrlState] = []
    pages: list[Page] = []
    moved, end, size = Moved(), None, 0
    for number, text in enumerate(lines, 1):
        if end is not None:
            raise BadExport(f"line {number}: the export ends in the line before it")
        line = read_line(text, number)
        if isinstance(line, End):
            end = line
        elif isinstance(line, TakedownLine):
            await taken_down.add(line.takedown)
        elif isinstance(line, StateLine):
            states.append(line.state)
        elif isinstance(line, PageLine):
            pages.append(line.page)
        size += len(text)
        if end is not None or len(states) + len(pages) >= RECORDS_AT_ONCE or size >= BYTES_AT_ONCE:
            kept = [one for one in states if not any(map(taken_down.is_gone, _keys(one)))]
            shown = [one for one in pages if not taken_down.is_gone(one.key)]
            await target.take_over(kept, shown)
            left_out = len(states) + len(pages) - len(kept) - len(shown)
            moved = Moved(moved.states + len(states), moved.pages + len(pages), moved.left_out + left_out)
            states, pages, size = [], [], 0
            step(moved)
    if end is None:
        raise BadExport("the file was cut short: its last line, which says how much it holds, is not there")
    if moved[:2] != (end.states, end.pages):
        raise BadExport(
            f"the file holds {moved.states} records and {moved.pages} pages, and says {end.states} and {end.pages}"
        )
    return moved


def _keys(state: UrlState) -> Iterator[str]:
    """Of the URL, and of everything that it leads to."""
    yield state.key
    yield from (step.key for step in state.redirects)
    if state.resolved_url is not None:
        yield key_of(state.resolved_url) or state.resolved_url


async def _owned_pages(source: Source, known: Sequence[Known]) -> list[str]:
    """The keys of the pages whose versions go with these states: each page with its own, or where that is not there,
    with those that lead to it."""
    pages = [(one.state, one.page) for one in known if one.state is not None and one.page is not None]
    foreign = list(dict.fromkeys(page.key for state, page in pages if page.key != state.key))
    found = zip(foreign, await source.known(foreign), strict=True) if foreign else ()
    elsewhere = {key for key, own in found if own.state is not None and own.state.page_id is not None}
    return list(dict.fromkeys(page.key for state, page in pages if page.key == state.key or page.key not in elsewhere))


async def _versions(source: Source, key: str, newest: Sequence[Page]) -> AsyncIterator[Page]:
    found = newest
    while found:
        for page in found:
            yield page
        found = await source.history(key, VERSIONS_AT_ONCE, found[-1].id) if len(found) == VERSIONS_AT_ONCE else ()
