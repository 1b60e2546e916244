"""A page's picture, after the page is visible: fetched by the same road, measured, added to the record, and told.

A pipeline of its own with one stage, fed by `picture_message`. A picture that was shared by itself is its own page, and
is taken from the archive: its origin is asked once. A picture that cannot be had leaves the record as the page declared
it; that is no error, for the card is shown all the same.
"""

from dataclasses import replace

import msgspec

from fetchers.model import Ended, NotNow, Response
from schedulers import notice
from schedulers.config import SchedulersConfig
from schedulers.deferral import Deferral
from schedulers.metadata import decode_metadata, encode_metadata
from schedulers.model import Context, Page
from schedulers.picture_message import PictureWork, read_picture_message
from schedulers.ports import Archived, Clock, Fetch, Measured, MetadataStore, Pictures
from schedulers.stages.stage import Next
from schedulers.stages.store import host_of

TOTAL_SECONDS = 120.0


class Picture:
    """Handles one `picture` message."""

    def __init__(
        self,
        *,
        fetcher: Fetch,
        archived: Archived,
        pictures: Pictures,
        deferral: Deferral,
        store: MetadataStore,
        clock: Clock,
        config: SchedulersConfig,
    ) -> None:
        self._fetcher = fetcher
        self._archived = archived
        self._pictures = pictures
        self._deferral = deferral
        self._store = store
        self._clock = clock
        self._config = config

    async def __call__(self, ctx: Context, next: Next) -> None:
        work = read_picture_message(ctx.message)
        page = await self._store.page(work.page_id)
        if page is None:
            return  # deleted since, by retention
        answer = await self._archived.answer(page) if _is_the_picture(page, work.image_url) else None
        outcome = answer or await self._fetch(work.image_url, promised=ctx.message.url is not None)
        if isinstance(outcome, NotNow):
            await self._deferral.put_off_picture(ctx.message, work.image_url, outcome.until)
            return
        if not isinstance(outcome, Response) or outcome.status_code != 200:
            return
        measured = await self._pictures.take(work.image_url, outcome)
        if measured is not None:
            await self._update(work, page, measured)
        await next(ctx)

    async def _fetch(self, url: str, *, promised: bool) -> Response | Ended | NotNow | None:
        now = self._clock.now()
        start_by, deadline = now + self._config.defer_after, now + TOTAL_SECONDS
        result = await self._fetcher.picture(url, start_by=start_by, deadline=deadline, promised=promised)
        return result.outcome

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
        if known.state is None:
            return
        now = self._clock.now()
        told = notice.updated(known.state, changed, host_of(known.state.url), now)
        await self._store.update_page(changed, told)


def _is_the_picture(page: Page, url: str) -> bool:
    """Pictures are read whole or not at all, also where they are fetched as pages."""
    return page.url == url and page.status_code == 200 and page.content.type.startswith("image/")
