"""Runs the extraction of metadata where strangers' bytes can neither hold the loop nor swell the process.

Pages of which the guard before the parser can say that they are quick are read at once. Everything else (PDFs, media,
large pages) is read in a process with limits of time and memory; one that reaches them ends, and its answer's
metadata say only that and why.
"""

import asyncio
import os
import sys
from functools import partial

from fetchers.model import Response
from groundwork.workers.budget import MemoryBudget
from groundwork.workers.interface import WorkError, Workers, WorkersBusy, WorkLimits, WorkTimedOut
from groundwork.workers.processes import WorkerProcesses
from schedulers.metadata import (
    FAILURE,
    Examined,
    Metadata,
    PictureCounter,
    Provenance,
    ReadingOptions,
    examine,
    extract_metadata,
    note_picture,
)
from spiderduck.config import Config

HEADER_ONLY = frozenset(("image", "other"))
"""Of these no more than the first bytes are read."""
QUICK_KINDS = frozenset(("svg", "json", "text", "feed"))
ALWAYS_QUICK = 24 * 1024
"""Bytes: the most hostile text or feed of them takes 40 ms."""
MOST_INLINE_TAGS = 3_000
"""Tags of a page; the guard before the parser bounds what so many can make it do."""
MOST_PROCESSES = 2
TOO_LONG = "reading it took longer than allowed (extract.seconds)"
TOO_MUCH = "reading it took more memory than allowed (extract.memory_bytes), or ended the process that read it"
MOST_READERS = 16
"""Who may wait for the text of a page; others are told to come again."""
WAITING = 1_000_000
"""Who waits for a process holds a place in flight, of which there are fewer."""


def is_quick(response: Response, inline_bytes: int, examined: Examined) -> bool:
    """Whether extraction of what was `examined` takes less than 50 ms whatever the bytes are: by their kind, their
    number, and a page's tags.

    Tags cost most: the guard before the parser bounds what so many of them can make it do. Text in a page costs little.
    """
    body = response.body
    kind = examined.kind
    if kind in HEADER_ONLY:
        return True
    if kind == "html":
        return len(body) <= inline_bytes and (examined.tags or 0) <= MOST_INLINE_TAGS
    return kind in QUICK_KINDS and len(body) <= min(ALWAYS_QUICK, inline_bytes)


def open_processes(config: Config) -> WorkerProcesses:
    """The processes of the settings, started when the first is needed. To be closed."""
    limits = WorkLimits(min(MOST_PROCESSES, os.cpu_count() or 1), WAITING, config.extract.seconds)
    budget = MemoryBudget(sys.maxsize)  # the address space of each is its bound
    page = Response("http://page.test/", 200, (), b"<title>A page</title>", 0.0)
    prepare = partial(_extract, page, None, ReadingOptions())
    return WorkerProcesses(limits, budget, memory=config.extract.memory_bytes, prepare=prepare)


def open_reader(config: Config) -> WorkerProcesses:
    """A process that reads the text of pages when somebody asks for it, within the same limits. To be closed."""
    limits = WorkLimits(1, MOST_READERS, config.extract.seconds)
    return WorkerProcesses(limits, MemoryBudget(sys.maxsize), memory=config.extract.memory_bytes)


class Extraction:
    """The schedulers' `Extractor` port.

    Every good page is counted in `pictures`, so that a picture which a site's pages share stands behind their own.
    """

    def __init__(
        self,
        inline_bytes: int,
        pictures: PictureCounter | None = None,
        processes: Workers | None = None,
        product: str = ReadingOptions().product,
    ) -> None:
        """`inline_bytes`: larger bodies are never read on the loop. Without `processes` a thread reads them. `product`
        is our name in robots.txt, which directives of a page may name too."""
        self._product = product
        self._inline_bytes = inline_bytes
        self._pictures = pictures
        self._processes = processes
        self._one_at_a_time = asyncio.Semaphore(1)
        self._warm = False  # the first page has tables and libraries loaded, which takes a tenth of a second

    async def extract(self, response: Response, *, thorough: bool = False) -> Metadata:
        """The metadata of an answer; where it cannot be read, the reason as provenance of `FAILURE`.

        Raises `WorkersBusy` where the worker processes are stopping or do not get to it: no word about the page."""
        examined = examine(response.body, url=response.url, content_type=response.content_type)
        options = ReadingOptions(self._product, response.preferences, thorough, examined)
        quick = is_quick(response, self._inline_bytes, examined)
        if quick and self._warm:
            metadata = _extract(response, self._pictures, options)
        elif quick or self._processes is None:
            async with self._one_at_a_time:
                metadata = await asyncio.to_thread(_extract, response, self._pictures, options)
                self._warm = True
        else:
            metadata = await self._isolated(self._processes, response, options)
        if self._pictures is not None and 200 <= response.status_code < 300 and metadata.interstitial is None:
            note_picture(self._pictures, metadata, response.url)
        return metadata

    async def _isolated(self, processes: Workers, response: Response, options: ReadingOptions) -> Metadata:
        known = None if self._pictures is None else self._pictures.of_page(response.url)
        try:
            return await processes.run(partial(_extract, response, known, options))
        except WorkTimedOut:
            return Metadata(provenance={FAILURE: Provenance(TOO_LONG)})
        except WorkersBusy:
            raise
        except WorkError:
            return Metadata(provenance={FAILURE: Provenance(TOO_MUCH)})


def _extract(response: Response, pictures: PictureCounter | None, options: ReadingOptions) -> Metadata:
    return extract_metadata(
        response.body,
        url=response.url,
        content_type=response.content_type,
        status_code=response.status_code,
        headers=response.headers,
        generic_pictures=pictures,
        options=options,
    )
