"""A page's picture, after the page is visible: fetched by the same road, measured, added to the record, and announced.

It has a message of its own: `AskForPicture` writes it, before the event is acknowledged, and `MeasurePicture` handles
it. A picture that was shared by itself is its own page, and is taken from the archive: its origin is asked once. A
picture that cannot be had leaves the record as the page declared it. That is no error: the card is shown all the same.
"""

from dataclasses import replace

import msgspec

from fetchers.model import Ended, HopRequest, NotNow, Response
from groundwork.clock import Clock
from schedulers import notice
from schedulers.config import SchedulersConfig
from schedulers.deferral import Deferral
from schedulers.metadata import decode_metadata, encode_metadata
from schedulers.model import Message, Page
from schedulers.ports import Archived, EventQueue, Fetch, Measured, MetadataStore, Pictures

TOTAL_SECONDS = 120.0
ACCEPT = "image/avif,image/webp,image/*,*/*;q=0.8"


class PictureWork(msgspec.Struct, frozen=True):
    """The body of a picture's message. `key` is the dedup key of the URL that the picture is announced under."""

    page_id: int
    key: str
    image_url: str


class AskForPicture:
    """Puts the message of a page's picture into the queue, where the page names one."""

    def __init__(self, queue: EventQueue, config: SchedulersConfig) -> None:
        self._queue = queue
        self._wanted = config.pictures

    async def __call__(self, key: str, page: Page) -> None:
        """`key` is that of the URL the picture is announced under. The message's id depends on the page only, so that a
        repeat is recognised."""
        if not self._wanted or b'"image":' not in page.metadata:
            return  # most pages of some sites have none, and reading the metadata again would be for nothing
        image = decode_metadata(page.metadata).image
        if image is not None and image.url.startswith(("http://", "https://")):
            body = msgspec.json.encode(PictureWork(page.id, key, image.url))
            await self._queue.publish([Message(body, f"picture:{page.id}", "picture")])


class PictureSource:
    """Where a page's picture comes from: the archive, or its origin."""

    def __init__(self, fetcher: Fetch, archived: Archived, clock: Clock, config: SchedulersConfig) -> None:
        self._fetcher = fetcher
        self._archived = archived
        self._clock = clock
        self._defer_after = config.defer_after

    async def answer(self, page: Page, url: str, *, promised: bool) -> Response | Ended | NotNow | None:
        if _is_the_picture(page, url) and (kept := await self._archived.answer(page)) is not None:
            return kept
        now = self._clock.now()
        request = HopRequest(
            url,
            start_by=now + self._defer_after,
            deadline=now + TOTAL_SECONDS,
            accept=ACCEPT,
            purpose="picture",
            promised=promised,
        )
        return (await self._fetcher.fetch(request)).outcome


class MeasurePicture:
    """Handles one `picture` message. Raises `msgspec.DecodeError` for one that was tampered with."""

    def __init__(
        self, source: PictureSource, pictures: Pictures, deferral: Deferral, store: MetadataStore, clock: Clock
    ) -> None:
        self._source = source
        self._pictures = pictures
        self._deferral = deferral
        self._store = store
        self._clock = clock

    async def __call__(self, message: Message) -> None:
        work = msgspec.json.decode(message.body, type=PictureWork)
        page = await self._store.page(work.page_id)
        if page is None:
            return  # deleted since, by retention
        outcome = await self._source.answer(page, work.image_url, promised=message.url is not None)
        if isinstance(outcome, NotNow):
            await self._deferral.defer_picture(message, work.image_url, outcome.until)
        elif isinstance(outcome, Response):
            measured = await self._measured(work, outcome)
            if measured is not None:
                await self._update(work, page, measured)

    async def _measured(self, work: PictureWork, answer: Response) -> Measured | None:
        try:
            return await self._pictures.take(work.image_url, answer) if answer.status_code == 200 else None
        finally:
            answer.release()

    async def _update(self, work: PictureWork, page: Page, measured: Measured) -> None:
        metadata = decode_metadata(page.metadata)
        if metadata.image is None or metadata.image.url != work.image_url:
            return
        image = msgspec.structs.replace(
            metadata.image,
            width=measured.width,
            height=measured.height,
            type=measured.type,
            bytes=measured.bytes,
            colour=measured.colour,
            blurhash=measured.blurhash,
        )
        changed = replace(page, metadata=encode_metadata(msgspec.structs.replace(metadata, image=image)))
        known = await self._store.look_up(work.key)
        if known.state is not None:
            told = notice.updated(known.state, changed, self._clock.now())
            await self._store.update_page(changed, told)


def _is_the_picture(page: Page, url: str) -> bool:
    """Pictures are read whole or not at all, also where they are fetched as pages."""
    return page.url == url and page.status_code == 200 and page.content.type.startswith("image/")
