"""The image pipelines' `AdditionalCache` port, served by the product's own archive.

A picture whose address was shared was fetched and archived like a page: its origin is not asked a second time. What is
older than `MOST_AGE`, or was answered `private` or `no-store`, is left to the origin.
"""

from fetchers.model import Response
from groundwork.clock import Clock
from imagepipe.errors import SourceFailed
from imagepipe.originals.freshness import storage
from schedulers.errors import InvalidUrl
from schedulers.model import Page
from schedulers.urls import dedup_key
from spiderduck.content.ports import ArchiveReader
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.ports import Lookups

MOST_AGE = 30 * 86_400.0


class ArchivedPictures:
    """See the module. Store and archive belong to the product and are closed by it."""

    name = "archive"

    def __init__(self, store: Lookups, archive: ArchiveReader, clock: Clock) -> None:
        self._store = store
        self._archive = archive
        self._clock = clock

    async def get(self, url: str) -> bytes | None:
        try:
            page = await self._newest(url)
            if page is None or page.archived is None:
                return None
            found = await self._archive.read(page.archived)
        except StoreUnavailable as error:
            raise SourceFailed(str(error), "cache_failed") from error
        if not isinstance(found, tuple):
            return None
        _, headers, body = found
        kept_for = ", ".join(value for name, value in headers if name.lower() == "cache-control")
        return body if body and storage(kept_for) == "anybody" else None

    async def close(self) -> None:
        """Nothing here is its own."""

    async def _newest(self, url: str) -> Page | None:
        """What was fetched under that address, if it was a picture, and whole, and not long ago."""
        try:
            key = dedup_key(url)
        except InvalidUrl:
            return None
        (known,) = await self._store.known([key])
        page = known.page
        if page is None or page.status_code != 200 or not page.content.type.startswith("image/"):
            return None
        return page if self._clock.now() - page.fetched_at <= MOST_AGE else None


class ArchivedAnswers:
    """Waits for nothing: an archive that is away, or that another process has not uploaded to, has no answer now."""

    def __init__(self, archive: ArchiveReader) -> None:
        self._archive = archive

    async def answer(self, page: Page) -> Response | None:
        if page.archived is None:
            return None
        try:
            found = await self._archive.read(page.archived)
        except StoreUnavailable:
            return None
        if not isinstance(found, tuple):
            return None
        status, headers, body = found
        return Response(page.url, status, headers, body, page.fetched_at)
