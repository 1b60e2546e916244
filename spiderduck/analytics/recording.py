"""Listens to the notices and writes rows. Any number of processes may run it: one writes, the others wait for its end.
What is not written yet comes again after a crash.

Rows are gathered for a while and written together. Notices are acknowledged when their rows are on the disk, and a row
that lies there already (the crash came between the two, or another process wrote it) is not written again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from groundwork.clock import Clock
from schedulers.model import Known, Page
from schedulers.notice import RECENT_SECONDS
from spiderduck.analytics.rows import WANTED, Batch, Row, Told, fetch_rows, share_row, told_in
from spiderduck.errors import NoPast, NotHandedOut, ReadElsewhere, StoreUnavailable, UnknownQueue
from spiderduck.settings.analytics import AnalyticsConfig
from spiderduck.shares.model import epoch
from spiderduck.stores.ports import Lookups
from spiderduck.subscriptions.ports import Filter, Subscription, Subscriptions

log = logging.getLogger(__name__)

QUEUE = "@analytics"
MOST = 500
RETRY_SECONDS = 5.0
STAND_BY_SECONDS = 30.0
IDLE_SECONDS = 0.5
MILLISECONDS = 1000
REMEMBERED_SECONDS = 2 * RECENT_SECONDS
"""For so long it is known which rows were written: a reused page's requests are told again."""

Timed = tuple[float, Row]


class Files(Protocol):
    """Where rows are written (`spiderduck.analytics.files`). All methods block."""

    def clean(self) -> None: ...
    def write(self, batch: Batch, rows: Mapping[str, Sequence[Timed]]) -> None: ...
    def rows_since(self, number: int) -> set[str]: ...
    def rows_of_others(self, moments: Iterable[float]) -> set[str]: ...
    def last_batch(self) -> Batch | None: ...


class Recorder:
    """`rows_total` counts what this process wrote. Rows of which `is_gone` is true then are not written."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        lookups: Lookups,
        files: Files,
        config: AnalyticsConfig,
        clock: Clock,
        is_gone: Callable[[Row], bool] = lambda _: False,
    ) -> None:
        self._subscriptions = subscriptions
        self._lookups = lookups
        self._files = files
        self._config = config
        self._clock = clock
        self._is_gone = is_gone
        self._seen: dict[str, float] = {}
        self._last_batch = 0
        self._unacknowledged: int | None = None
        self._gathered: dict[str, list[Timed]] = {"fetches": [], "shares": []}
        self._position: int | None = None
        self._begun = 0.0
        self.rows_total = 0

    async def run(self) -> None:
        """Until cancelled; an engine or a disk that is away is waited for, and so is the end of another writer."""
        stands_by = False
        while True:
            try:
                subscription = await self._opened()  # first: what another one wrote is there then
                stands_by = False
                try:
                    await self._begin()
                    while True:
                        if not await self.take(subscription):
                            await self._clock.sleep(IDLE_SECONDS)
                finally:
                    await subscription.close()
            except ReadElsewhere:
                if not stands_by:
                    log.info("another process writes the rows for analytics; this one goes on when that ends")
                stands_by = True
                await self._clock.sleep(STAND_BY_SECONDS)
                continue
            except (StoreUnavailable, UnknownQueue, NotHandedOut) as error:
                log.warning("rows for analytics are written later: %s", error)
            await self._clock.sleep(RETRY_SECONDS)

    async def take(self, subscription: Subscription) -> bool:
        """The notices that are there, and the file that is due. False where there were none."""
        received = await subscription.poll(MOST)
        if received:
            if self._position is None:
                self._begun = self._clock.now()
            await self._gather([told for one in received if (told := told_in(one.body)) is not None])
            self._position = received[-1].position
        if self._position is not None and (self._is_due() or subscription.stalled):
            await self._flush(subscription)
        return bool(received)

    async def _begin(self) -> None:
        """What was gathered and not acknowledged comes again."""
        now = self._clock.now()
        self._gathered, self._position = {"fetches": [], "shares": []}, None
        await asyncio.to_thread(self._files.clean)
        last = await asyncio.to_thread(self._files.last_batch)
        since = int((now - REMEMBERED_SECONDS) * MILLISECONDS)
        if last is not None:
            self._last_batch, self._unacknowledged = last
            since = min(since, last.first)
        self._seen = dict.fromkeys(await asyncio.to_thread(self._files.rows_since, since), now)

    async def _opened(self) -> Subscription:
        try:
            await self._subscriptions.create(QUEUE, after=0)
        except NoPast:
            await self._subscriptions.create(QUEUE)
        return await self._subscriptions.open(QUEUE, Filter(types=WANTED), alone=True)

    async def _gather(self, told: Sequence[Told]) -> None:
        known = await self._lookups.known([one.key for one in told])
        for one, found in zip(told, known, strict=True):
            if (share := share_row(one)) is not None:
                self._add("shares", epoch(one.time), share)
            for row in fetch_rows(one, found.state, await self._page(one, found)):
                self._add("fetches", row["fetch_time"], row)

    async def _page(self, told: Told, known: Known) -> Page | None:
        """The version that was there then, where a newer one is there by now."""
        if told.page_id is None or not told.is_processed:
            return None
        if known.page is not None and known.page.id == told.page_id:
            return known.page
        return await self._lookups.page(told.page_id)

    def _add(self, table: str, moment: float, row: Row) -> None:
        identity = row["row"]
        if identity not in self._seen:
            self._seen[identity] = self._clock.now()
            self._gathered[table].append((moment, row))

    def _is_due(self) -> bool:
        count = sum(map(len, self._gathered.values()))
        return count >= self._config.flush_rows or self._clock.now() - self._begun >= self._config.flush_seconds

    async def _flush(self, subscription: Subscription) -> None:
        rows, position = self._gathered, self._position
        if position is None:
            return
        rows = {table: [one for one in found if not self._is_gone(one[1])] for table, found in rows.items()}
        if others := await asyncio.to_thread(self._files.rows_of_others, _moments(rows)):
            # One that lost its place without knowing: it stood still, say.
            rows = {table: [one for one in found if one[1]["row"] not in others] for table, found in rows.items()}
            self._seen |= dict.fromkeys(others, self._clock.now())
        if any(rows.values()):
            self._last_batch = max(int(self._clock.now() * MILLISECONDS), self._last_batch + 1)
            self._unacknowledged = self._unacknowledged or self._last_batch
            await asyncio.to_thread(self._files.write, Batch(self._last_batch, self._unacknowledged), rows)
        await subscription.ack(position)
        self._unacknowledged = None
        self.rows_total += sum(map(len, rows.values()))
        self._gathered, self._position = {"fetches": [], "shares": []}, None
        self._forget()

    def _forget(self) -> None:
        """The oldest stand first."""
        before = self._clock.now() - REMEMBERED_SECONDS
        while self._seen and self._seen[oldest := next(iter(self._seen))] < before:
            del self._seen[oldest]


def _moments(rows: Mapping[str, Sequence[Timed]]) -> list[float]:
    return [moment for found in rows.values() for moment, _ in found]
