"""`GET /v1/stream`: notices as server-sent events; and named durable queues that are emptied by pulling.

A durable queue's position moves when its reader says so: by `POST /v1/queues/{name}/ack`, or by the `Last-Event-ID`
with which an EventSource comes back. What was written to a socket is not yet read, so that alone moves nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.response import Stream

from schedulers.record import iso_time
from spiderduck.api.audit import AnyRequest, Audit
from spiderduck.api.browsers import OWN_PAGES
from spiderduck.api.keys import READ, WRITE
from spiderduck.api.parameters import NAME, BadParameter, Int64, shortened, whole_number
from spiderduck.api.services import Services
from spiderduck.errors import UnknownQueue
from spiderduck.subscriptions.ports import Filter, QueueState, Received, Subscription

KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b": still here\n\n"
QueueName = Annotated[str, Parameter(pattern=NAME, description="The durable queue's name.")]
BEGINNING = "beginning"
ANotice = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "anyOf": [
                {"$ref": f"#/components/schemas/{name}"}
                for name in ("ProcessedNotice", "UpdatedNotice", "JudgedNotice")
            ]
        }
    ),
]


class Pulled(msgspec.Struct):
    """Notices, and the position to acknowledge when they are taken care of. `reset` is where the queue goes on where
    notices that it had not handed out are too old to be kept."""

    notices: list[ANotice]
    position: int | None
    reset: int | None = None


class Position(msgspec.Struct):
    """The position up to which everything is done with."""

    position: Int64


class DurableQueue(msgspec.Struct):
    """A durable queue. `lag` notices wait to be acknowledged, the oldest for `age_s` seconds (null where none waits or
    the broker does not tell). Unless somebody reads it before, it is deleted at `expires_at` (null: never)."""

    name: str
    position: int | None
    lag: int
    age_s: float | None
    created_at: str
    used_at: str
    expires_at: str | None


class DurableQueues(msgspec.Struct):
    """All durable queues, by name."""

    queues: list[DurableQueue]


def stream_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    subscriptions, audit = services.subscriptions, Audit(services)

    @get(
        "/v1/stream",
        media_type="text/event-stream",
        opt={"scope": READ, OWN_PAGES: "queue"},
        tags=["notices"],
        summary="Notices as they happen (server-sent events)",
        description="CloudEvents 1.0 in structured JSON (`ProcessedNotice`, `UpdatedNotice`, `JudgedNotice`; "
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
        wanted = Filter(_values(domain), _values(type), _values(status), _values(verdict))
        subscription = await subscriptions.open(queue, wanted, after=_last_seen(request, after))
        return Stream(
            _events(subscription, services.stopping, is_durable=queue is not None),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @get("/v1/queues", opt={"scope": READ}, tags=["notices"], summary="The durable queues")
    async def list_queues() -> DurableQueues:
        now = services.clock.now()
        return DurableQueues([_described(one, now) for one in await subscriptions.queues()])

    @put(
        "/v1/queues/{name:str}",
        opt={"scope": WRITE},
        tags=["notices"],
        summary="Create a durable queue",
        description="It collects from now on: `after=now`, the default. `after=beginning` begins with the oldest "
        "notice that is kept, a number behind that position; both only where the store keeps them (not on a broker). "
        "201 where the queue is new; 200 where there is one already, which stays as it is. 409 where there are as many "
        "as `queues.most` allows. A queue that nobody reads for `queues.unused_days` is deleted.",
        responses={201: ResponseSpec(DurableQueue, description="The queue is new", generate_examples=False)},
    )
    async def create_queue(
        name: QueueName,
        after: Annotated[str, Parameter(description="`now`, `beginning`, or a position.")] = "now",
    ) -> Response[DurableQueue]:
        is_new = await subscriptions.create(name, after=_beginning(after))
        found = next((one for one in await subscriptions.queues() if one.name == name), None)
        if found is None:
            raise UnknownQueue(name)  # somebody deleted it meanwhile
        return Response(_described(found, services.clock.now()), status_code=201 if is_new else 200)

    @get(
        "/v1/queues/{name:str}",
        opt={"scope": READ, OWN_PAGES: True},
        tags=["notices"],
        summary="Read from a durable queue",
        description="What is not acknowledged, the oldest first. `position` is what to acknowledge once all of it is "
        "taken care of; it is null where there is nothing.",
    )
    async def pull_notices(
        name: QueueName,
        most: Annotated[int, Parameter(description="So many notices at most; 500 is the limit.")] = 100,
        wait_ms: Annotated[int, Parameter(description="Milliseconds to wait for the first one.")] = 0,
    ) -> Pulled:
        subscription = await subscriptions.open(name, Filter())
        most = max(1, min(most, 500))
        try:
            received = await subscription.poll(most)
            if not received and wait_ms > 0:
                async with asyncio.timeout(min(wait_ms, services.config.api.most_wait_ms) / 1000):
                    received = await subscription.receive(most)
        except TimeoutError:
            received = []
        finally:
            await subscription.close()
        position = received[-1].position if received else None
        return Pulled([msgspec.Raw(one.body) for one in received], position, subscription.reset)

    @post(
        "/v1/queues/{name:str}/ack",
        status_code=204,
        opt={"scope": READ},
        tags=["notices"],
        summary="Acknowledge",
        description="Acknowledges every notice up to `position`. 400 for a position that was not handed out; "
        "acknowledging one again changes nothing. On a broker 409 for one that another API process handed out, or "
        "that was handed out more than a minute ago: the notices come again. Send all requests for a queue to the same "
        "process.",
    )
    async def acknowledge_notices(name: QueueName, data: Position) -> None:
        subscription = await subscriptions.open(name, Filter())
        try:
            await subscription.ack(data.position)
        finally:
            await subscription.close()

    @delete("/v1/queues/{name:str}", opt={"scope": WRITE}, tags=["notices"], summary="Delete a durable queue")
    async def delete_queue(name: QueueName, request: AnyRequest) -> None:
        if not await subscriptions.remove(name):
            raise NotFoundException(f"there is no queue {name}")
        await audit.note(request, "queue.deleted", name)

    return [stream_notices, list_queues, create_queue, pull_notices, acknowledge_notices, delete_queue]


def _last_seen(request: Request[Any, Any, Any], after: str | None) -> int | None:
    """The position of the last notice that the client got. Raises `BadParameter`."""
    if header := request.headers.get("last-event-id", ""):
        return whole_number(header, "Last-Event-ID")
    return whole_number(after, "after") if after else None


def _beginning(after: str) -> int | None:
    """Raises `BadParameter`."""
    if after in ("", "now"):
        return None
    try:
        return 0 if after == BEGINNING else whole_number(after, "after")
    except BadParameter as error:
        raise BadParameter(
            f"after is {shortened(after)}; it takes now, beginning, or a position (a whole number)"
        ) from error


def _described(queue: QueueState, now: float) -> DurableQueue:
    return DurableQueue(
        name=queue.name,
        position=queue.position,
        lag=queue.lag,
        age_s=None if queue.oldest_at is None else round(max(0.0, now - queue.oldest_at), 3),
        created_at=iso_time(queue.created_at),
        used_at=iso_time(queue.used_at),
        expires_at=None if queue.expires_at is None else iso_time(queue.expires_at),
    )


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
