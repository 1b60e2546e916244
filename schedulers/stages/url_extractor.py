"""Stage 2: one event becomes one context per URL, handled side by side.

A URL that was shared twice in one event is handled once.
"""

import asyncio

from msgspec import structs

from fetchers.urls import redacted
from schedulers.errors import InvalidUrl
from schedulers.model import Context, Settled, Status
from schedulers.stages.stage import Next
from schedulers.urls import dedup_key, parse_shared

LONGEST_URL = 8192
"""Characters. Browsers and servers draw the line between 2,000 and 64,000; what is longer is kept as an invalid URL,
cut."""


AT_ONCE = 100
"""URLs of one event that are worked on side by side: an event of a thousand must not fill the process."""


class UrlExtractor:
    """Calls the next stage once for each different URL of the event."""

    async def __call__(self, ctx: Context, next: Next) -> None:
        assert ctx.event is not None
        only = ctx.message.url
        texts = ctx.event.urls if only is None else (only,)
        contexts = self._contexts(ctx, texts)
        if len(contexts) == 1:
            await next(contexts[0])
        elif contexts:
            await self._side_by_side(contexts, next)

    def _contexts(self, ctx: Context, texts: tuple[str, ...]) -> list[Context]:
        found: dict[str, Context] = {}
        for text in texts:
            one = identified(ctx, text)
            found.setdefault(one.key, one)
        return list(found.values())

    async def _side_by_side(self, contexts: list[Context], next: Next) -> None:
        """All to their end, even where one raises: what is finished need not be done again when the message returns."""
        remaining = iter(contexts)
        errors: list[Exception] = []

        async def work() -> None:
            for one in remaining:
                try:
                    await next(one)
                except Exception as error:  # noqa: BLE001 -- raised below, when the others came to their end
                    errors.append(error)

        await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(contexts)))))
        if errors:
            raise errors[0]


def identified(ctx: Context, text: str) -> Context:
    """The context of one shared URL; what cannot be parsed is settled as `invalid_url` under the text itself."""
    if len(text) > LONGEST_URL:
        return _invalid(ctx, text[:LONGEST_URL], f"it is longer than {LONGEST_URL} characters")
    try:
        url = parse_shared(text)
        return structs.replace(ctx, url=url, key=dedup_key(url))
    except InvalidUrl as error:
        return _invalid(ctx, text, str(error))


def _invalid(ctx: Context, text: str, reason: str) -> Context:
    status, text = Status.INVALID_URL, redacted(text)
    return structs.replace(ctx, url=text, key=text, settled=Settled(status, status.value, reason))
