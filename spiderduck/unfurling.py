"""One URL understood on the spot, nothing stored: the flow's own stages without queue, archive and store."""

from collections.abc import Callable

from msgspec import structs

from fetchers.model import NotNow
from schedulers.config import Freshness
from schedulers.model import Context, Event, Known, Message, Settled, Status, UrlState
from schedulers.ports import Extractor, Fetch
from schedulers.record import Record, record_of
from schedulers.settlement import settle
from schedulers.stages.extract import Extract
from schedulers.stages.fetch import settled_by
from schedulers.stages.url_extractor import identified


async def unfurl_one(
    text: str, fetch: Fetch, extractor: Extractor, now: Callable[[], float], patience_seconds: float
) -> Record:
    """The record as a look-up would give it. Expected endings are its status."""
    ctx = identified(Context(Message(b"", "unfurl"), Event("unfurl")), text)
    if ctx.settled is not None:
        return record_of(UrlState(ctx.key, ctx.url, ctx.settled.status, reason=ctx.settled.reason), None)
    by = now() + patience_seconds
    result = await fetch.fetch(ctx.url, start_by=by, deadline=by)
    settled = settled_by(result.outcome)
    if isinstance(result.outcome, NotNow):
        settled = Settled(Status.LATE, Status.LATE.value, result.outcome.reason)
    finished: list[Context] = []

    async def keep(one: Context) -> None:
        finished.append(one)

    ctx = structs.replace(ctx, known={ctx.key: Known()}, result=result, settled=settled, page_id=0)
    if settled is None:
        await Extract(extractor)(ctx, keep)
        ctx = finished[0]
    _, state, page, _ = settle(ctx, now(), Freshness())
    return record_of(state, page)
