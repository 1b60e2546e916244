"""Stage 3: of equal URLs at the same moment one goes on, the others wait here and then find a fresh answer."""

from schedulers.in_flight import InFlight
from schedulers.model import Context
from schedulers.stages.stage import Next


class SingleFlight:
    """Holds the URL's key in `in_flight` for as long as it is handled."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    async def __call__(self, ctx: Context, next: Next) -> None:
        async with self._in_flight.hold(ctx.key):
            await next(ctx)
