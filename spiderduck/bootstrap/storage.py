"""What the flow and the API stand on: queue, store, archive, subscriptions. Opened by `embedded.py` or `cluster.py`."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from groundwork.histogram import Histogram
from groundwork.readiness import Trouble
from schedulers.ports import Archive, DomainAges, EventQueue, MetadataStore
from spiderduck.audit import AuditLog
from spiderduck.cluster.ports import Processes
from spiderduck.content.ports import ArchiveReader
from spiderduck.database.sqlite import Database
from spiderduck.lists.walks import Walks
from spiderduck.queues.ports import DeadLetters
from spiderduck.shares.ports import ShareStore
from spiderduck.stores.ports import Judgements, KeptAnswers, Lookups, Marks
from spiderduck.subscriptions.ports import Subscriptions
from spiderduck.takedowns.ports import Announcing, ErasableArchive, KeptNotices, Records, TakedownStore
from spiderduck.webhooks.ports import WebhookStorage

Observed = tuple[str, str, str, Mapping[str, Histogram]]
"""Histograms for `/metrics`: name, help, the label that tells them apart, and each by its value."""
Work = tuple[str, Callable[[], Coroutine[Any, Any, None]]]
"""What runs beside for as long as the process does: its name, and how to begin it."""


class RecordStore(Lookups, Marks, Protocol):
    """The store as the API sees it."""


class FlowStore(MetadataStore, Judgements, DomainAges, Protocol):
    """The store as the flow sees it, and what judges its records again."""


@dataclass(frozen=True, slots=True)
class ForFlow:
    """Patient: an outage is waited out. `content` reads what `archive` took."""

    queue: EventQueue
    store: FlowStore
    archive: Archive
    content: ArchiveReader


@dataclass(frozen=True, slots=True)
class ForApi:
    """Impatient: an outage is told to whoever asks. `marks` are the intake's."""

    queue: EventQueue
    dead_letters: DeadLetters
    store: RecordStore
    marks: Marks
    content: ArchiveReader
    subscriptions: Subscriptions
    shares: ShareStore
    announcing: Announcing
    webhooks: WebhookStorage
    answers: KeptAnswers


@dataclass(frozen=True, slots=True)
class Removable:
    """Where takedowns are listed and carried out. What this process does not reach is None."""

    takedowns: TakedownStore
    records: Records
    announcing: Announcing | None = None
    notices: KeptNotices | None = None
    archive: ErasableArchive | None = None


@dataclass(frozen=True, slots=True)
class Storage:
    """`trouble` says what is missing at the moment, by name; `gauges` are told in `/metrics`; `observed`: what is
    measured; `database` is there where all is embedded; `audit` and `walks` where they are no files; `processes` where
    there may be several."""

    flow: ForFlow | None
    api: ForApi | None
    work: tuple[Work, ...] = ()
    trouble: Callable[[], Mapping[str, Trouble | None]] = dict
    database: Database | None = None
    gauges: Callable[[], Mapping[str, tuple[str, float]]] = dict
    observed: tuple[Observed, ...] = ()
    removable: Removable | None = None
    audit: AuditLog | None = None
    walks: Walks | None = None
    processes: Processes | None = None
