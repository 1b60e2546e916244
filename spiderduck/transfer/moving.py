"""Writes a store's records as lines, and takes lines over into a store. Both go on for as long as it takes, in steps of
bounded memory; both may be repeated."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from schedulers.model import Known, Page, Status, UrlState
from spiderduck.stores.ports import Walked
from spiderduck.transfer.lines import VERSION, BadExport, End, Head, Line, PageLine, StateLine, read_line

RECORDS_AT_ONCE = 200
VERSIONS_AT_ONCE = 100
ON_THEIR_WAY = frozenset({Status.PENDING, Status.DEFERRED, Status.UNKNOWN})
"""Belong to messages of the store's own queue, which stay there."""


class Moved(NamedTuple):
    """How many of each were written or taken over."""

    states: int = 0
    pages: int = 0


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


async def lines_of(source: Source, now: float) -> AsyncIterator[Line]:
    """Everything that came to an ending: each URL's state, and all versions of its page. `now`: epoch seconds."""
    yield Head(VERSION, now)
    states, pages, after = 0, 0, None
    while True:
        walked = await source.walk(after, RECORDS_AT_ONCE)
        for known in walked.known:
            if known.state is None or known.state.status in ON_THEIR_WAY:
                continue
            states += 1
            yield StateLine(known.state)
            if known.page is None or not await _is_owner(source, known.state, known.page):
                continue
            async for page in _versions(source, known.page.key):
                pages += 1
                yield PageLine.of(page)
        after = walked.after
        if after is None:
            break
    yield End(states, pages)


async def take_over(target: Target, lines: Iterable[bytes], step: Callable[[Moved], None]) -> Moved:
    """`step` is told how far it came. Raises `BadExport`, with what came before it taken over; repeating does no
    harm."""
    states: list[UrlState] = []
    pages: list[Page] = []
    moved, end = Moved(), None
    for number, text in enumerate(lines, 1):
        if end is not None:
            raise BadExport(f"line {number}: the export ends in the line before it")
        line = read_line(text, number)
        if isinstance(line, End):
            end = line
        elif isinstance(line, StateLine):
            states.append(line.state)
        elif isinstance(line, PageLine):
            pages.append(line.page)
        if end is not None or len(states) + len(pages) >= RECORDS_AT_ONCE:
            await target.take_over(states, pages)
            moved = Moved(moved.states + len(states), moved.pages + len(pages))
            states, pages = [], []
            step(moved)
    if end is None:
        raise BadExport("the file was cut short: its last line, which says how much it holds, is not there")
    if moved != (end.states, end.pages):
        raise BadExport(
            f"the file holds {moved.states} records and {moved.pages} pages, and says {end.states} and {end.pages}"
        )
    return moved


async def _is_owner(source: Source, state: UrlState, page: Page) -> bool:
    """Whether the page's versions go with this state: it is the page's own, or the page's own is not there."""
    if state.key == page.key:
        return True
    (own,) = await source.known([page.key])
    return own.state is None or own.state.page_id is None


async def _versions(source: Source, key: str) -> AsyncIterator[Page]:
    before: int | None = None
    while found := await source.history(key, VERSIONS_AT_ONCE, before):
        for page in found:
            yield page
        before = found[-1].id
