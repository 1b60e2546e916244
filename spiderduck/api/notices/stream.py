"""`GET /v1/stream`: notices as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, get_args, get_type_hints

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.response import Stream

from schedulers.model import REUSED, Status
from schedulers.verdict import Judgement
from spiderduck.api.contract.problems import ERRORS
from spiderduck.api.contract.shapes import NOTICES
from spiderduck.api.front.browsers import OWN_PAGES
from spiderduck.api.front.keys import READ
from spiderduck.api.parameters import NAME, BadParameter, domain_name, shortened, whole_number
from spiderduck.api.services import Services
from spiderduck.errors import UnknownQueue
from spiderduck.subscriptions.ports import Filter, Received, Subscription

TYPES = frozenset(kind for notice in NOTICES for kind in get_args(get_type_hints(notice)["type"]))
OUTCOMES = {kind for notice in NOTICES for kind in get_args(get_type_hints(notice)["outcome"])}
STATUSES = frozenset({*map(str, Status), REUSED, *OUTCOMES})
VERDICTS = frozenset(get_args(Judgement))
KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b": still here\n\n"


def stream_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handler."""

    @get(
        "/v1/stream",
        media_type="text/event-stream",
        opt={"scope": READ, OWN_PAGES: "queue", ERRORS: (404,)},
        tags=["notices"],
        summary="Notices as they happen (server-sent events)",
        description="CloudEvents 1.0 in structured JSON (`ProcessedNotice`, `UpdatedNotice`, `JudgedNotice`, "
        "`ChangedNotice`; "
        "/schemas/notice.json). "
        "Without `queue`, the stream begins now, or behind the "
        "position in the header `Last-Event-ID` or the parameter `after`; the header, which a browser "
        "sends when it comes back, goes first. `queue` names a durable queue that collects while you are "
        "away (`PUT /v1/queues/{name}` makes it): what you have not acknowledged comes again, and `Last-"
        "Event-ID` or `after` acknowledges all up to there. A position that was never given out gets an "
        "event `reset`, whose id is the position at which the stream goes on: its end, or what the "
        "durable queue holds. The same event tells that notices are too old to be kept. Filters take "
        "several values separated by commas.",
    )
    async def stream_notices(
        request: Request[Any, Any, Any],
        queue: Annotated[str | None, Parameter(pattern=NAME, description="Read this durable queue.")] = None,
        after: Annotated[str | None, Parameter(description="A position: begin behind it; 0 is the beginning.")] = None,
        domain: Annotated[str | None, Parameter(description="These domains, and what lies below them.")] = None,
        type: Annotated[str | None, Parameter(description="Types of notices: `spiderduck.url.processed` …")] = None,
        status: Annotated[str | None, Parameter(description="Statuses or outcomes: `fetched`, `reused` …")] = None,
        verdict: Annotated[
            str | None, Parameter(description="Verdicts of lists: `block`, `warn`, `no_match`, `unknown`.")
        ] = None,
    ) -> Stream:
        wanted = Filter(
            frozenset(domain_name(one) for one in _values(domain)),
            _known(type, "type", TYPES),
            _known(status, "status", STATUSES),
            _known(verdict, "verdict", VERDICTS),
        )
        subscription = await services.subscriptions.open(queue, wanted, after=_last_seen(request, after))
        return Stream(
            _events(subscription, services.stopping, is_durable=queue is not None),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return [stream_notices]


def _known(text: str | None, name: str, known: frozenset[str]) -> frozenset[str]:
    """The values of a filter. Raises `BadParameter` for one that no notice has, which would be silence for ever."""
    found = _values(text)
    if wrong := sorted(found - known):
        raise BadParameter(f"{name} is {shortened(wrong[0])}; it takes {', '.join(sorted(known))}")
    return found


def _last_seen(request: Request[Any, Any, Any], after: str | None) -> int | None:
    """The position of the last notice that the client got. Raises `BadParameter`."""
    if header := request.headers.get("last-event-id", ""):
        return whole_number(header, "Last-Event-ID")
    return whole_number(after, "after") if after else None


def _values(text: str | None) -> frozenset[str]:
    return frozenset(value.strip() for value in text.split(",") if value.strip()) if text else frozenset()


async def _events(subscription: Subscription, stopping: asyncio.Event, *, is_durable: bool) -> AsyncIterator[bytes]:
    """Until the client leaves, the server stops or the queue is removed; or, on a broker, as much is out as may be
    without an acknowledgement: a client that comes back sends one with its `Last-Event-ID`."""
    ended = asyncio.ensure_future(stopping.wait())
    receiving: asyncio.Future[Any] = asyncio.ensure_future(subscription.receive(100))
    try:
        yield b": connected\n\n"
        if subscription.reset is not None:
            yield b'event: reset\nid: %d\ndata: {"position":%d}\n\n' % (subscription.reset, subscription.reset)
        while not stopping.is_set():
            await asyncio.wait((ended, receiving), timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done():
                if not stopping.is_set():
                    yield KEEP_ALIVE
                continue
            try:
                received = receiving.result()
            except UnknownQueue:
                return
            for one in received:
                yield _frame(one)
            if not is_durable:
                await subscription.ack(received[-1].position)
            elif subscription.stalled:
                return
            receiving = asyncio.ensure_future(subscription.receive(100))
    finally:
        ended.cancel()
        receiving.cancel()
        await subscription.close()


def _frame(received: Received) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (received.position, received.body)
