"""Stage 7: append the bytes of a good answer to the archive, so that the page's record can say where they lie.

Before the store, because an orphan in the archive after a crash does no harm, and a record that points nowhere does.
"""

from msgspec import structs

from fetchers.model import Response
from schedulers.metadata import encode_metadata
from schedulers.model import Context
from schedulers.ports import Archive, Ids
from schedulers.stages.stage import Next


class ArchiveStage:
    """Gives the page its id and adds `archived`."""

    def __init__(self, archive: Archive, ids: Ids) -> None:
        self._archive = archive
        self._ids = ids

    async def __call__(self, ctx: Context, next: Next) -> None:
        response = ctx.result.outcome if ctx.result is not None else None
        if not isinstance(response, Response) or ctx.metadata is None:
            await next(ctx)
            return
        page_id = self._ids.next_id()
        archived = await self._archive.append(page_id, response, encode_metadata(ctx.metadata))
        await next(structs.replace(ctx, page_id=page_id, archived=archived))
