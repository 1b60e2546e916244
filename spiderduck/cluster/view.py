"""One look at all processes: those of the list, and those at the addresses that this or another one is told of.

A process is named even where it says nothing, for that is what an operator looks for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from groundwork.clock import Clock
from groundwork.process import ProcessStatus
from groundwork.single_flight import SingleFlight
from spiderduck.cluster.ports import AskProcess, OwnStatus, Processes, Silent
from spiderduck.errors import StoreUnavailable

SILENT_SECONDS = 15.0
"""Three times what it takes a process to say that it runs."""
ASK_SECONDS = 3.0
MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """A process. `status` is what it said last, at `at` (epoch seconds), if it ever did; `silent` says why it counts as
    silent, and is None for one that answers."""

    name: str
    at: float | None = None
    status: ProcessStatus | None = None
    silent: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """`incomplete`: why processes may be missing that are there."""

    processes: Sequence[Seen]
    incomplete: str | None = None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Processes that are asked over HTTP: `fetchers` gives the addresses that are known at the moment; `others` are
    those of the settings, and more come from processes of the list."""

    ask_fetcher: AskProcess | None = None
    fetchers: Callable[[], Awaitable[Sequence[str]]] | None = None
    ask_other: AskProcess | None = None
    others: Sequence[str] = field(default=())


class ClusterView:
    """`processes` is None where there is one process."""

    def __init__(
        self, own: OwnStatus, clock: Clock, neighbours: Neighbours, processes: Processes | None = None
    ) -> None:
        self._own = own
        self._clock = clock
        self._neighbours = neighbours
        self._processes = processes
        self._looking = SingleFlight[str, Look](goes_on=True)

    async def look(self) -> Look:
        """Who asks at the same moment gets the same. Takes seconds where somebody is silent."""
        return await self._looking.run("look", self._look)

    async def _look(self) -> Look:
        now, own = self._clock.now(), await self._own()
        found = {own.name: Seen(own.name, now, own)}
        incomplete = None
        try:
            for one in await self._listed():
                found.setdefault(one.name, one)
        except (StoreUnavailable, TimeoutError) as error:
            incomplete = f"the list of schedulers and API processes cannot be read: {error or 'the store is slow'}"
        for one in await self._asked([seen.status for seen in found.values() if seen.status is not None]):
            if one.name not in found or one.silent is None:
                found[one.name] = one
        return Look(sorted(found.values(), key=_order), incomplete)

    async def _listed(self) -> list[Seen]:
        if self._processes is None:
            return []
        async with asyncio.timeout(ASK_SECONDS):
            listed = await self._processes.all()
        now, seen = self._clock.now(), []
        for at, status in listed:
            why = None if now - at < SILENT_SECONDS else f"it has said nothing for {now - at:.0f} s"
            seen.append(Seen(status.name, at, status, why))
        return seen

    async def _asked(self, known: Sequence[ProcessStatus]) -> list[Seen]:
        places, asking = asyncio.Semaphore(MOST_AT_ONCE), list[tuple[str, AskProcess]]()
        if self._neighbours.ask_fetcher is not None and self._neighbours.fetchers is not None:
            asking += [(one, self._neighbours.ask_fetcher) for one in await self._neighbours.fetchers()]
        if self._neighbours.ask_other is not None:
            told = (one for status in known for one in status.neighbours)
            asking += [(one, self._neighbours.ask_other) for one in sorted({*self._neighbours.others, *told})]

        async def ask(address: str, how: AskProcess) -> Seen:
            async with places:
                try:
                    async with asyncio.timeout(ASK_SECONDS):
                        status = await how(address)
                except Silent as error:
                    return Seen(address, silent=str(error))
                except TimeoutError:
                    return Seen(address, silent=f"it did not answer within {ASK_SECONDS:.0f} s")
                return Seen(status.name, self._clock.now(), status)

        return await asyncio.gather(*(ask(*one) for one in asking))


def _order(one: Seen) -> tuple[bool, list[str], str]:
    """The silent ones first, then by part."""
    return one.silent is None, [] if one.status is None else one.status.parts, one.name
