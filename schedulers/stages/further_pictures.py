"""A page's icon and further pictures, where the settings want them: fetched by the same road as its picture, and kept
by the image pipeline for whoever shows them first. Nothing of the record changes.

They have a message of their own, so that neither the page nor its picture waits for them. What cannot be had is left:
whoever shows it asks its origin then.
"""

from dataclasses import replace
from typing import Final, Protocol

import msgspec
from cachetools import TTLCache

from fetchers.model import Ended, NotNow, Response
from groundwork.clock import Clock
from schedulers.config import SchedulersConfig
from schedulers.deferral import Deferral
from schedulers.metadata import decode_metadata
from schedulers.model import Message, Page
from schedulers.ports import EventQueue, FlowPorts, TooBusy

FURTHER: Final = "further"
ICON_SECONDS = 86_400.0
"""A site's pages share its icon: so long a process asks for one once."""
ICONS = 10_000


class FurtherWork(msgspec.Struct, frozen=True):
    """The body of the message: which pictures of the page are still to be had."""

    page_id: int
    urls: tuple[str, ...]


class Source(Protocol):
    """Where pictures come from."""

    async def answer(self, page: Page, url: str, *, promised: bool) -> Response | Ended | NotNow | None:
        """The picture's answer, or why there is none. `promised`: its turn was reserved."""


class AskForFurther:
    """Puts the message into the queue, where there is anything to fetch."""

    def __init__(self, queue: EventQueue, clock: Clock, config: SchedulersConfig) -> None:
        self._queue = queue
        self._icons = config.icons
        self._most = config.further_pictures
        self._asked: TTLCache[str, None] = TTLCache(ICONS, ICON_SECONDS, timer=clock.monotonic)

    async def __call__(self, page: Page) -> None:
        """The message's id depends on the page only, so that a repeat is recognised."""
        if not self._icons and not self._most:
            return
        said = decode_metadata(page.metadata)
        urls = [one.url for one in said.other_images[: self._most]]
        if self._icons and said.icon is not None and said.icon.url not in self._asked:
            urls.append(said.icon.url)
            self._asked[said.icon.url] = None
        wanted = tuple(dict.fromkeys(url for url in urls if url.startswith(("http://", "https://"))))
        if wanted:
            body = msgspec.json.encode(FurtherWork(page.id, wanted))
            await self._queue.publish([Message(body, f"further:{page.id}", FURTHER)])


class FetchFurther:
    """Handles one such message. Raises `msgspec.DecodeError` for one that was tampered with."""

    def __init__(self, source: Source, deferral: Deferral, ports: FlowPorts) -> None:
        self._source = source
        self._deferral = deferral
        self._store = ports.store
        self._pictures = ports.pictures
        self._clock = ports.clock

    async def __call__(self, message: Message) -> None:
        work = msgspec.json.decode(message.body, type=FurtherWork)
        page = await self._store.page(work.page_id)
        if page is None:
            return  # deleted since
        for number, url in enumerate(work.urls):
            until = await self._keep(page, url, promised=message.url == url)
            if until is not None:
                rest = msgspec.json.encode(FurtherWork(page.id, work.urls[number:]))
                await self._deferral.defer_picture(replace(message, body=rest), url, until)
                return

    async def _keep(self, page: Page, url: str, *, promised: bool) -> float | None:
        """When it is to be tried again; None where it is done with."""
        outcome = await self._source.answer(page, url, promised=promised)
        if isinstance(outcome, NotNow):
            return outcome.until
        if not isinstance(outcome, Response):
            return None
        try:
            kept = await self._pictures.take(url, outcome) if outcome.status_code == 200 else None
        finally:
            outcome.release()
        return self._clock.now() + kept.seconds if isinstance(kept, TooBusy) else None
