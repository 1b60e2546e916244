"""`spiderduck reprocess`, from settings to the store and back."""

import asyncio
import os
from collections.abc import Callable

from fetchers.config import VERSION
from schedulers.metadata import PictureCounter
from spiderduck.bootstrap.blocking import open_blocking
from spiderduck.bootstrap.offline import Offline, opened
from spiderduck.config import Config
from spiderduck.content.extraction import Extraction, open_processes
from spiderduck.lists.judging import Judge
from spiderduck.pictures.archived import ArchivedAnswers
from spiderduck.reprocess.progress import Progress, digest, forget, keep, kept
from spiderduck.reprocess.report import Report
from spiderduck.reprocess.reprocessing import Reprocessing, Sources, Wish

NICENESS = 10
"""Whatever else runs on this machine comes first."""

Walked = Callable[[int, int | None], None]
"""Is told how many records were walked, of how many; None where the store cannot tell."""


async def reprocess(config: Config, wish: Wish, walked: Walked, *, restart: bool = False) -> Report:
    """Goes on where an interrupted run with the same wish
    stopped, unless it is to `restart`. Raises `DataInUse`, `StoreUnavailable`."""
    os.nice(NICENESS)
    async with opened(config) as offline:
        processes = open_processes(config)
        try:
            extractor = Extraction(
                config.extract.inline_bytes, PictureCounter(), processes, config.fetchers.product_token
            )
            judge = Judge(open_blocking(config, offline.clock).lists, offline.clock).verdict
            answers = ArchivedAnswers(offline.archive)
            sources = Sources(_Records(offline), answers, extractor, judge, offline.clock)
            return await _run(offline, Reprocessing(sources, wish), wish, walked, restart=restart)
        finally:
            await processes.close()


async def _run(offline: Offline, run: Reprocessing, wish: Wish, walked: Walked, *, restart: bool) -> Report:
    name, folder = digest(wish, VERSION), offline.folder
    begun = Progress(name) if restart else await asyncio.to_thread(kept, folder, name)
    count, total = begun.walked, await offline.records_total()
    walked(count, total)

    async def step(report: Report, after: str | None, more: int) -> None:
        nonlocal count
        count += more
        if after is not None:
            await asyncio.to_thread(keep, folder, Progress(name, after, count, report))
        walked(count, total)

    report = await run.run(begun.report, begun.after, step)
    await asyncio.to_thread(forget, folder)
    return report


class _Records:
    """The store, read through one port and written through the other."""

    def __init__(self, offline: Offline) -> None:
        self.walk = offline.flow.walk
        self.page = offline.flow.page
        self.update_page = offline.flow.update_page
