"""Judges what is stored again when lists change, and announces the verdicts that are others now. In the background.

All records are walked in the store's order, with pauses that leave most of a processor to the rest. How far it came
is written down (`walks.py`), so that a restart goes on there, and of several processes one walks. Lists that change
meanwhile do not stop a walk, or one that is renewed every few minutes would never let it end: the rest is judged by the
new ones, and another walk follows.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from time import perf_counter

from groundwork.clock import Clock
from schedulers import notice
from schedulers.model import Known, Status
from spiderduck.errors import StoreUnavailable
from spiderduck.lists.judging import Judge
from spiderduck.lists.walks import Progress, Walks
from spiderduck.lists.watching import Lists
from spiderduck.stores.ports import Judgements

log = logging.getLogger(__name__)

RECORDS_AT_ONCE = 200
SLICE_SECONDS = 0.01
"""So long the loop is held at a time."""
REST = 3.0
"""Times as long as the work it rests: a quarter of one processor at most."""
RETRY_SECONDS = 30.0
ON_THEIR_WAY = frozenset({Status.PENDING, Status.DEFERRED})
"""The flow judges these when they end."""


class Rejudging:
    """`walks` is where its progress is kept."""

    def __init__(self, store: Judgements, lists: Lists, clock: Clock, walks: Walks) -> None:
        self._store = store
        self._lists = lists
        self._judge = Judge(lists, clock)
        self._clock = clock
        self._walks = walks
        self._due = asyncio.Event()
        self._due.set()
        lists.on_change(self._due.set)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                is_done = await self.walk() is not None
            except StoreUnavailable as error:
                log.warning("records are not judged again for now: %s", error)
                is_done = False
            if not is_done:
                await self._clock.sleep(RETRY_SECONDS)
                self._due.set()

    async def walk(self) -> int | None:
        """All records once, or those that an interrupted walk with the same lists left. Returns how many verdicts
        changed; None where another process walks."""
        progress = await self._walks.begin(self._fingerprint())
        judged = changed = 0
        while progress is not None and not progress.done:
            walked = await self._store.walk(progress.after, RECORDS_AT_ONCE)
            changed += await self._page(walked.known)
            judged += len(walked.known)
            progress = Progress(progress.lists, walked.after, walked.after is None)
            if not await self._walks.save(progress):
                progress = None
        if judged:
            log.info("%d records were judged again, %d verdicts changed", judged, changed)
        return None if progress is None else changed

    async def _page(self, page: Sequence[Known]) -> int:
        changed, began = 0, perf_counter()
        for known in page:
            changed += await self._again(known)
            if (took := perf_counter() - began) > SLICE_SECONDS:
                await self._clock.sleep(took * REST)
                began = perf_counter()
        return changed

    async def _again(self, known: Known) -> bool:
        state = known.state
        if state is None or state.status in ON_THEIR_WAY:
            return False
        verdict = self._judge.verdict(state.url, known)
        if state.judged is None:
            if verdict.verdict == "no_match":
                return False  # nothing was ever said, and there is nothing to say
        elif not verdict.differs(state.judged):
            return False
        told = notice.judged(known, verdict, self._clock.now())
        return await self._store.judge_again(state, verdict.remembered(state.judged), told)

    def _fingerprint(self) -> str:
        """Of all that a verdict depends on. Empty without lists."""
        described = [
            f"{one.config.name}\n{one.version}\n{one.config.format}\n{one.config.action}" for one in self._lists.current
        ]
        return hashlib.sha256("\n\n".join(described).encode()).hexdigest() if described else ""
