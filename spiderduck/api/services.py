"""The finished objects that the calls work with; put together by `spiderduck.bootstrap` alone."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from fetchers.body.chunks import Chunks
from fetchers.model import DomainState, FetchResult, HopRequest, RateLimit
from groundwork.clock import Clock
from groundwork.readiness import Needed
from imagepipe.signing import sign
from schedulers.events import Sharers
from schedulers.ports import EventQueue
from spiderduck.audit import AuditLog
from spiderduck.cluster.history import History
from spiderduck.cluster.view import ClusterView
from spiderduck.config import Config
from spiderduck.content.ports import ArchiveReader
from spiderduck.content.readable_text import Reader
from spiderduck.lists.watching import Lists
from spiderduck.queues.ports import DeadLetters
from spiderduck.shares.ports import ShareStore
from spiderduck.stores.ports import KeptAnswers, Lookups, Marks
from spiderduck.subscriptions.ports import Subscriptions
from spiderduck.takedowns.taking import Takedowns
from spiderduck.telemetry import Telemetry
from spiderduck.webhooks.administration import Webhooks

if TYPE_CHECKING:
    from spiderduck.analytics.querying import Queries

PICTURES_PATH = "/images/cards"
SHOWN_WIDTH = 1200
"""Pixels. The widest picture that a card shows."""


class Domains(Protocol):
    """The fetching service, as far as people ask how it treats a domain."""

    async def domain_state(self, domain: str) -> DomainState:
        """Of a registrable domain. Raises `FetcherUnavailable`."""

    async def set_limit(self, name: str, limit: RateLimit | None, by: str) -> None:
        """Another limit for a domain or pattern from now on, on every fetcher; None takes it away. Raises ValueError
        for what cannot be one, `FetcherUnavailable`, `CoordinatorUnavailable`."""

    async def resume_domain(self, domain: str, by: str) -> None:
        """End the pause of a registrable domain. Raises `FetcherUnavailable`."""


class PictureAddresses:
    """Signed addresses at which this server gives pictures of others. Without a key they have none."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def address(self, base: str, url: str, width: int = SHOWN_WIDTH) -> str | None:
        """Of the picture at `url`, at most `width` pixels wide; `base` is the address of this server, without a slash
        at the end."""
        if self._key is None:
            return None
        parameters = {"src": url, "w": str(width)}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        return f"{base}{PICTURES_PATH}?{query}&signature={sign(PICTURES_PATH, parameters, self._key)}"


@dataclass(frozen=True, slots=True)
class Health:
    """What every process tells of itself."""

    needed: Needed
    telemetry: Telemetry
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Services:
    """What the API needs."""

    config: Config
    clock: Clock
    queue: EventQueue
    dead_letters: DeadLetters
    lookups: Lookups
    marks: Marks
    answers: KeptAnswers
    archive: ArchiveReader
    subscriptions: Subscriptions
    shares: ShareStore | None
    queries: "Callable[[], Queries]"
    domains: Domains
    pictures: PictureAddresses
    reader: Reader
    lists: Lists
    audit: AuditLog
    webhooks: Webhooks
    sharers: Sharers
    takedowns: Takedowns
    cluster: ClusterView
    history: History
    open_direct: Callable[[HopRequest], AbstractAsyncContextManager[tuple[FetchResult, Chunks]]]
    stopping: asyncio.Event
