"""Stage 6: say what the page is (`schedulers.metadata`), or how its answer ends this URL.

An error page or an interstitial never becomes metadata.
"""

from msgspec import structs

from fetchers.model import Response
from schedulers.model import Context, Settled, Status
from schedulers.ports import Extractor
from schedulers.stages.stage import Next

NOT_MODIFIED = 304


class Extract:
    """Adds `metadata` for a good answer, `settled` for every other one."""

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor

    async def __call__(self, ctx: Context, next: Next) -> None:
        response = ctx.result.outcome if ctx.result is not None else None
        if not isinstance(response, Response):
            await next(ctx)
            return
        if response.status_code == NOT_MODIFIED and ctx.known[ctx.key].page is not None:
            await next(ctx)  # the page we have is still the page
            return
        metadata = await self._extractor.extract(response)
        settled = None
        if metadata.interstitial is not None:
            status = Status.INTERSTITIAL
            settled = Settled(status, status.value, f"instead of the page it showed: {metadata.interstitial}")
        elif not 200 <= response.status_code < 300:
            status = Status.HTTP_ERROR
            settled = Settled(status, status.value, f"its server answered {response.status_code}")
        await next(structs.replace(ctx, metadata=metadata, settled=settled))
