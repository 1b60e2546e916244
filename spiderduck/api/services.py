"""The finished objects that the calls work with; put together by `spiderduck.bootstrap` alone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fetchers.fetcher import Fetcher
from fetchers.model import FetchResult, Headers, HopRequest
from schedulers.model import ArchiveLocation, UrlState
from schedulers.ports import Clock, EventQueue
from spiderduck.config import Config
from spiderduck.queues.ports import DeadLetters
from spiderduck.stores.ports import Lookups
from spiderduck.subscriptions.ports import Subscriptions
from spiderduck.telemetry import Telemetry


class ArchiveReader(Protocol):
    """Reading archived bytes back."""

    async def read(self, location: ArchiveLocation) -> tuple[int, Headers, bytes] | None:
        """Status, headers and body as archived; None where they are gone."""


class Marks(Protocol):
    """The part of the store that notes what is on its way."""

    async def mark(self, state: UrlState) -> None:
        """As in `schedulers.ports.MetadataStore`."""


Ready = Callable[[], Awaitable[Mapping[str, str]]]
"""What is missing before this process can work: name → sentence. Empty when ready."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the API needs."""

    config: Config
    clock: Clock
    queue: EventQueue
    dead_letters: DeadLetters
    lookups: Lookups
    marks: Marks
    archive: ArchiveReader
    subscriptions: Subscriptions
    fetcher: Fetcher
    fetch_direct: Callable[[HopRequest], Awaitable[FetchResult]]
    telemetry: Telemetry
    ready: Ready
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    more_routes: Sequence[Any] = ()
    """Handlers of the parts that are mounted here: ids and images."""
