"""What a scheduler's flow needs besides queue, store and fetchers: archive, ids, pictures, in memory."""

from collections.abc import Sequence
from itertools import count

from fetchers.model import Response
from schedulers.config import SchedulersConfig
from schedulers.model import ArchiveLocation, Page
from schedulers.pipeline import Pipeline
from schedulers.ports import EventQueue, Fetch, FlowPorts, MetadataStore
from schedulers.scheduler import Scheduler
from spiderduck.content.extraction import Extraction
from tests.simulation.loop import VirtualClock

CONFIG = SchedulersConfig(count=1, in_flight=64, pictures=False)


class Archive:
    """The `Archive` and `Archived` ports; one for all processes."""

    def __init__(self) -> None:
        self.kept: set[int] = set()

    async def append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation:
        self.kept.add(page_id)
        return ArchiveLocation("simulated", page_id, len(response.body), "")

    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool:
        return True

    async def answer(self, page: Page) -> None:
        return None


class Ids:
    """The `Ids` port; one for all processes."""

    def __init__(self) -> None:
        self._next = count(1)

    def next_id(self) -> int:
        return next(self._next)


class NoPictures:
    """The `Pictures` port: nobody looks at pictures here."""

    async def take(self, url: str, response: Response) -> None:
        return None


class Unheard:
    """The `Observer` port."""

    def stage(self, name: str, seconds: float) -> None: ...

    def ended(self, outcome: str, seconds: float | None) -> None: ...


def scheduler(
    queue: EventQueue, store: MetadataStore, fetch: Fetch, clock: VirtualClock, beside: tuple[Archive, Ids]
) -> Scheduler:
    """A real one."""
    archive, ids = beside
    extraction = Extraction(1024 * 1024)
    ports = FlowPorts(queue, store, archive, archive, fetch, NoPictures(), extraction, ids, clock)
    return Scheduler(queue, Pipeline(ports, CONFIG, Unheard()), clock, CONFIG)
