"""The archived bytes of pages, and their text: given out as far as the site lets others use its page."""

import asyncio

from litestar.exceptions import HTTPException, NotFoundException, PermissionDeniedException

from schedulers.metadata import Purpose, decode_usage, usage_refusal
from schedulers.model import Page
from spiderduck.api.services import Services
from spiderduck.content.ports import Archived, Damaged, NotUploadedYet
from spiderduck.lists.judging import Judge
from spiderduck.lists.withheld_pictures import known_page

MOST_OPENED = 2
"""Bodies that are read from the archive at a time: they are large, and the flow needs the same threads."""
HTML = frozenset({"text/html", "application/xhtml+xml"})


class UsageRefused(PermissionDeniedException):
    """The site does not let its page be used so; `usage` in the record says by which signal."""

    code = "usage_refused"


class ContentBlocked(PermissionDeniedException):
    """A list blocks the page, so that its content is given to nobody; the verdict in its record says which."""

    code = "content_blocked"


class NotUploaded(HTTPException):
    """The bytes are on their way to the archive; ask again after `Retry-After`."""

    status_code = 503
    code = "not_uploaded_yet"


class ArchivedPages:
    """For the calls that give content away."""

    def __init__(self, services: Services) -> None:
        self._archive = services.archive
        self._reader = services.reader
        self._clock = services.clock
        self._judge = Judge(services.lists, services.clock)
        self._opening = asyncio.Semaphore(MOST_OPENED)

    async def open(self, page: Page, purpose: Purpose) -> Archived:
        """Status, headers and body. Raises `ContentBlocked`, `UsageRefused`, `NotFoundException` where they are not
        kept any more, and `NotUploaded`."""
        verdict = self._judge.verdict(page.url, known_page(page))
        if verdict.verdict == "block" and verdict.matched is not None:
            raise ContentBlocked(f"the list {verdict.matched.list} blocks the page: {verdict.matched.expression}")
        if (forbidden := usage_refusal(decode_usage(page.usage), purpose, self._clock.now())) is not None:
            raise UsageRefused(forbidden)
        async with self._opening:
            found = None if page.archived is None else await self._archive.read(page.archived)
        if found is None:
            raise NotFoundException(f"the bytes of page {page.id} are not kept any more (retention.archive_days)")
        if isinstance(found, Damaged):
            raise NotFoundException(f"the bytes of page {page.id} are lost: {found.reason}")
        if isinstance(found, NotUploadedYet):
            raise NotUploaded(
                f"the bytes of page {page.id} are on their way to the archive; ask again soon",
                headers={"Retry-After": str(found.retry_after)},
            )
        return found

    async def text(self, page: Page, purpose: Purpose) -> str | None:
        """The readable text; None where the page is no HTML or has none. Raises as `open`, and what the reader
        raises."""
        _, headers, body = await self.open(page, purpose)
        said = dict(headers).get("content-type")
        return await self._reader.text(body, page.url, said) if page.content.type in HTML else None
