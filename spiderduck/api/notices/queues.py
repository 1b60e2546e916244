"""Named durable queues of notices, emptied by pulling (`/v1/queues`) or by the stream.

A durable queue's position moves when its reader says so: by `POST /v1/queues/{name}/ack`, or by the `Last-Event-ID`
with which an EventSource comes back. What was written to a socket is not yet read, so that alone moves nothing.
"""

import asyncio
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter

from schedulers.record import iso_time
from spiderduck.api.contract.problems import ERRORS
from spiderduck.api.front.audit import AnyRequest, Audit
from spiderduck.api.front.browsers import OWN_PAGES
from spiderduck.api.front.keys import READ, WRITE
from spiderduck.api.front.retries import RETRIES, Retries
from spiderduck.api.paging import MOST, Cursor, Most, piece, place_of
from spiderduck.api.parameters import NAME, BadParameter, Int64, shortened, whole_number
from spiderduck.api.services import Services
from spiderduck.errors import UnknownQueue
from spiderduck.subscriptions.ports import Filter, QueueState

QueueName = Annotated[str, Parameter(pattern=NAME, description="The durable queue's name.")]
BEGINNING = "beginning"
A_BEGINNING = {"pattern": "^(now|beginning|[0-8]?[0-9]{1,18})?$"}
LISTING = "queues"
ANotice = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "anyOf": [
                {"$ref": f"#/components/schemas/{name}"}
                for name in ("ProcessedNotice", "UpdatedNotice", "JudgedNotice", "ChangedNotice")
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
    """Durable queues, by name; `next_cursor` leads to those behind them, and is null at the end."""

    queues: list[DurableQueue]
    next_cursor: str | None = None


def queue_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    subscriptions, audit = services.subscriptions, Audit(services)

    @get("/v1/queues", opt={"scope": READ}, tags=["notices"], summary="The durable queues")
    async def list_queues(most: Most = MOST, cursor: Cursor = None) -> DurableQueues:
        now, last = services.clock.now(), place_of(cursor, LISTING, str)
        behind = [one for one in await subscriptions.queues() if last is None or one.name > last]
        shown, after = piece(sorted(behind, key=lambda one: one.name), most, LISTING, lambda one: one.name)
        return DurableQueues([_described(one, now) for one in shown], after)

    @put(
        "/v1/queues/{name:str}",
        opt={"scope": WRITE, ERRORS: (404, 409)},
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
        after: Annotated[
            str, Parameter(description="`now`, `beginning`, or a position.", schema_extra=A_BEGINNING)
        ] = "now",
    ) -> Response[DurableQueue]:
        is_new = await subscriptions.create(name, after=_beginning(after))
        found = next((one for one in await subscriptions.queues() if one.name == name), None)
        if found is None:
            raise UnknownQueue(name)  # somebody deleted it meanwhile
        return Response(_described(found, services.clock.now()), status_code=201 if is_new else 200)

    @get(
        "/v1/queues/{name:str}",
        opt={"scope": READ, OWN_PAGES: True, ERRORS: (404,)},
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
        opt={"scope": READ, RETRIES: Retries(services.answers), ERRORS: (404,)},
        tags=["notices"],
        summary="Acknowledge",
        description="Acknowledges every notice up to `position`. 400 for a position that was not handed out; "
        "acknowledging one again changes nothing. On a broker 409 for one that another API process handed out, or "
        "that was handed out more than a minute ago: the notices come again. Send all requests for a queue to the same "
        "process.",
    )
    async def acknowledge_notices(name: QueueName, data: JSONBody[Position]) -> None:
        subscription = await subscriptions.open(name, Filter())
        try:
            await subscription.ack(data.position)
        finally:
            await subscription.close()

    @delete(
        "/v1/queues/{name:str}",
        opt={"scope": WRITE, ERRORS: (404,)},
        tags=["notices"],
        summary="Delete a durable queue",
    )
    async def delete_queue(name: QueueName, request: AnyRequest) -> None:
        if not await subscriptions.remove(name):
            raise NotFoundException(f"there is no queue {name}")
        await audit.note(request, "queue.deleted", name)

    return [list_queues, create_queue, pull_notices, acknowledge_notices, delete_queue]


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
