"""Reads archived pages again by today's rules, tells what would change, and writes it where that is wanted.

Records are walked in the store's order. How far that came, and what was found until there, is kept after every step,
so that an interrupted run goes on. A page that could not be read, or that is taken for a wall now, is never written.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import process_time
from typing import Protocol

import msgspec

from fetchers.model import Response
from groundwork.clock import Clock
from groundwork.workers.interface import WorkersBusy
from schedulers import notice
from schedulers.metadata import (
    FAILURE,
    Metadata,
    decode_metadata,
    decode_usage,
    encode_metadata,
    encode_provenance,
    encode_usage,
    shown,
)
from schedulers.model import Known, Page
from schedulers.notice import Notice
from schedulers.ports import Archived, Extractor, Judge
from spiderduck.reprocess.comparing import Difference, carried_over, differences
from spiderduck.reprocess.report import Report
from spiderduck.reprocess.selecting import EVERYTHING, Selection
from spiderduck.stores.ports import Walked

log = logging.getLogger(__name__)

RECORDS_AT_ONCE = 100
MOST_TRIES = 20
RETRY_SECONDS = 5.0


class Records(Protocol):
    """What of the store is read, and written where that is wanted."""

    async def walk(self, after: str | None, most: int) -> Walked:
        """As `spiderduck.stores.ports.Judgements.walk`."""

    async def page(self, page_id: int) -> Page | None:
        """As `schedulers.ports.MetadataStore.page`."""

    async def update_page(self, page: Page, notice: Notice) -> None:
        """As `schedulers.ports.MetadataStore.update_page`."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where pages come from, and by what they are read."""

    records: Records
    archived: Archived
    extractor: Extractor
    judge: Judge
    clock: Clock


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is to do. `cpu` is the share of one processor that it may take, 0 to 1; `examples` are kept of each
    field."""

    selection: Selection = EVERYTHING
    write: bool = False
    examples: int = 3
    cpu: float = 1.0


class Reprocessing:
    """One run, or the rest of one."""

    def __init__(self, sources: Sources, wish: Wish) -> None:
        self._from = sources
        self._wish = wish

    async def run(
        self, report: Report, after: str | None, step: Callable[[Report, str | None, int], Awaitable[None]]
    ) -> Report:
        """Go on behind `after`. `step` is awaited with the report, the place, and how many records were walked since
        the last one; None is the end. Raises `StoreUnavailable`."""
        while True:
            walked = await self._from.records.walk(after, RECORDS_AT_ONCE)
            for known in walked.known:
                began = process_time()
                report = await self._record(known, report)
                rest = (process_time() - began) * (1 / self._wish.cpu - 1)
                if rest > 0:
                    await self._from.clock.sleep(rest)
            after = walked.after
            await step(report, after, len(walked.known))
            if after is None:
                return report

    async def _record(self, known: Known, report: Report) -> Report:
        """Each page once: at the record of its own address."""
        page, state = known.page, known.state
        if page is None or state is None or state.key != page.key or page.archived is None:
            return report
        stored = _stored(page)
        if not self._wish.selection.takes(page, stored):
            return report
        if state.blocked_by is not None:
            return replace(report, skipped=report.skipped + 1)  # its provider's word, not the page's
        answer = await self._from.archived.answer(page)
        if answer is None:
            return replace(report, missing=report.missing + 1)
        found = await self._extracted(answer)
        if FAILURE in found.provenance:
            return replace(report, unreadable=report.unreadable + 1)
        if found.interstitial is not None:
            return report.with_wall(page, found.interstitial, self._wish.examples)
        found = carried_over(stored, shown(found, page.fetched_at))
        changed = list(differences(stored, found))
        report = report.with_page(page, changed, self._wish.examples)
        if changed and self._wish.write and await self._write(known, page, found, changed):
            return replace(report, written=report.written + 1)
        return report

    async def _extracted(self, answer: Response) -> Metadata:
        """A machine that is too busy for another process is waited for."""
        for _ in range(MOST_TRIES - 1):
            try:
                return await self._from.extractor.extract(answer)
            except WorkersBusy as error:
                log.info("the machine is busy, %s is read again soon: %s", answer.url, error)
                await self._from.clock.sleep(error.retry_after or RETRY_SECONDS)
        return await self._from.extractor.extract(answer)

    async def _write(self, known: Known, page: Page, found: Metadata, changed: list[Difference]) -> bool:
        """False where somebody else changed the page meanwhile: the next run meets it again."""
        now = await self._from.records.page(page.id)
        if now is None or now.metadata != page.metadata:
            return False
        renewed = replace(
            page,
            metadata=encode_metadata(found),
            provenance=encode_provenance(found),
            usage=encode_usage(found),
            canonical_url=found.canonical_url,
        )
        revision = msgspec.json.encode([one.field for one in changed]).decode() + renewed.metadata.hex()[:64]
        verdict = self._from.judge(page.url, replace(known, page=renewed))
        told = notice.updated(known, renewed, verdict, self._from.clock.now(), revision)
        await self._from.records.update_page(renewed, told)
        return True


def _stored(page: Page) -> Metadata:
    values = decode_metadata(page.metadata, page.provenance)
    return msgspec.structs.replace(values, usage=decode_usage(page.usage))
