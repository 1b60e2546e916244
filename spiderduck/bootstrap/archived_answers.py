"""The schedulers' `Archived` port, served by the archive's reader."""

from fetchers.model import Response
from schedulers.model import Page
from spiderduck.content.ports import ArchiveReader, NotUploadedYet
from spiderduck.errors import StoreUnavailable


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
        if found is None or isinstance(found, NotUploadedYet):
            return None
        status, headers, body = found
        return Response(page.url, status, headers, body, page.fetched_at)
