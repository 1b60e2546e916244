"""Stage 8, the last: page, states of the chain, the event's progress and the notice become visible in one step.

A page's picture is put into the queue as a message of its own first, so that a crash between the two loses neither.
"""

from fetchers.errors import InvalidUrl
from fetchers.urls import split
from schedulers import notice
from schedulers.config import SchedulersConfig
from schedulers.model import Context, Page
from schedulers.picture_message import picture_message
from schedulers.ports import Clock, EventQueue, MetadataStore
from schedulers.settlement import settle
from schedulers.stages.stage import Next


class Store:
    """Completes the URL, whatever its ending."""

    def __init__(self, store: MetadataStore, queue: EventQueue, clock: Clock, config: SchedulersConfig) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._config = config

    async def __call__(self, ctx: Context, next: Next) -> None:
        assert ctx.event is not None
        now = self._clock.now()
        outcome, state, page, change = settle(ctx, now, self._config.freshness)
        told = notice.processed(ctx.event.id, outcome, state, page, host_of(state.url), now)
        if change.page is not None:
            await self._ask_for_picture(ctx, change.page)
        await self._store.complete(ctx.event.id, ctx.key, change, told)
        await next(ctx)

    async def _ask_for_picture(self, ctx: Context, page: Page) -> None:
        image = ctx.metadata.image if ctx.metadata is not None else None
        if self._config.pictures and image is not None and image.url.startswith(("http://", "https://")):
            await self._queue.publish([picture_message(page.id, ctx.key, image.url)])


def host_of(url: str) -> str:
    """The host, for filters and topics; empty for what is no URL."""
    try:
        return split(url).host
    except InvalidUrl:
        return ""
