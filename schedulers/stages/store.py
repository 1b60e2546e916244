"""Stage 8, the last: page, states of the chain, the event's progress and the notice become visible in one step.

A page's picture is then put into the queue as a message of its own, before the event is acknowledged. After a crash
between the two the event comes again, finds its URL finished, and asks for the picture once more.
"""

from collections.abc import Callable

from fetchers.errors import InvalidUrl
from fetchers.urls import split
from schedulers import notice
from schedulers.config import SchedulersConfig
from schedulers.metadata import decode_metadata
from schedulers.model import Context, Page
from schedulers.picture_message import picture_message
from schedulers.ports import Clock, EventQueue, MetadataStore
from schedulers.settlement import settle
from schedulers.stages.stage import Next


class Store:
    """Completes the URL, whatever its ending."""

    def __init__(
        self,
        store: MetadataStore,
        queue: EventQueue,
        clock: Clock,
        config: SchedulersConfig,
        ended: Callable[[str], None],
    ) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._config = config
        self._ended = ended

    async def __call__(self, ctx: Context, next: Next) -> None:
        known = ctx.known.get(ctx.key)
        if known is not None and known.seen:
            page = known.page
        else:
            page = await self._complete(ctx)
        if page is not None and self._config.pictures:
            await self._ask_for_picture(ctx.key, page)
        await next(ctx)

    async def _complete(self, ctx: Context) -> Page | None:
        """Store and tell. Returns the page, where there is a new one."""
        assert ctx.event is not None
        now = self._clock.now()
        outcome, state, page, change = settle(ctx, now, self._config.freshness)
        told = notice.processed(ctx.event.id, outcome, state, page, host_of(state.url), now)
        await self._store.complete(ctx.event.id, ctx.key, change, told)
        self._ended(outcome)
        return change.page

    async def _ask_for_picture(self, key: str, page: Page) -> None:
        if b'"image":' not in page.metadata:
            return  # most pages of some sites have none, and reading the metadata again would be for nothing
        image = decode_metadata(page.metadata).image
        if image is not None and image.url.startswith(("http://", "https://")):
            await self._queue.publish([picture_message(page.id, key, image.url)])


def host_of(url: str) -> str:
    """The host, for filters and topics; empty for what is no URL."""
    try:
        return split(url).host
    except InvalidUrl:
        return ""
