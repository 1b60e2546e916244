"""Stage 3: of equal URLs at the same moment one goes on, the others wait here and then find a fresh answer.

Who waits holds a place in flight. So it waits no longer than for a domain's turn; then it is put off.
"""

from schedulers.config import SchedulersConfig
from schedulers.deferral import Deferral
from schedulers.in_flight import InFlight
from schedulers.model import Context
from schedulers.ports import Clock
from schedulers.stages.stage import Next

AGAIN_SECONDS = 5.0
"""A URL that takes longer than its followers wait is asked for again after so long."""
RETURNED_PATIENCE = 0.2
"""Seconds: enough for the answer that is there by now. A thousand followers of a page that hangs hold forty places."""


class SingleFlight:
    """Holds the URL's key in `in_flight` for as long as it is handled."""

    def __init__(self, in_flight: InFlight, deferral: Deferral, clock: Clock, config: SchedulersConfig) -> None:
        self._in_flight = in_flight
        self._deferral = deferral
        self._clock = clock
        self._patience = config.defer_after

    async def __call__(self, ctx: Context, next: Next) -> None:
        if ctx.settled is None and ctx.key in self._in_flight:
            returned = ctx.message.url is not None
            patience = min(self._patience, RETURNED_PATIENCE) if returned else self._patience
            if not await self._in_flight.over(ctx.key, self._clock.sleep(patience)):
                await self._deferral.follow(ctx, self._clock.now() + AGAIN_SECONDS)
                return
        async with self._in_flight.hold(ctx.key):
            await next(ctx)
