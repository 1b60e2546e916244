"""`GET /v1/stream`: notices as server-sent events; and named durable queues that are emptied by pulling.

Its one rule: a durable queue's position moves when the notice was handed to the client, or (pulling) when it says so.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.response import Stream

from spiderduck.api.browsers import OWN_PAGES
from spiderduck.api.keys import READ, WRITE
from spiderduck.api.services import Services
from spiderduck.subscriptions.ports import Filter, Received, Subscription

KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b": still here\n\n"
QueueName = Annotated[str, Parameter(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="The durable queue's name.")]


class Pulled(msgspec.Struct):
    """Notices, and the position to acknowledge when they are taken care of."""

    notices: list[msgspec.Raw]
    position: int | None


class Position(msgspec.Struct):
    """All up to here is taken care of."""

    position: int


def stream_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    subscriptions = services.subscriptions

    @get(
        "/v1/stream",
        media_type="text/event-stream",
        opt={"scope": READ, OWN_PAGES: "queue"},
        tags=["notices"],
        summary="Notices as they happen (server-sent events)",
        description="CloudEvents 1.0 in structured JSON. `queue` names a durable queue that collects while you are "
        "away; without it, `Last-Event-ID` resumes. Filters take several values separated by commas.",
    )
    async def stream(
        request: Request[Any, Any, Any],
        queue: Annotated[str | None, Parameter(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = None,
        domain: str | None = None,
        type: str | None = None,
        status: str | None = None,
    ) -> Stream:
        last = request.headers.get("last-event-id", "")
        wanted = Filter(_values(domain), _values(type), _values(status))
        subscription = await subscriptions.open(queue, wanted, after=int(last) if last.isdigit() else None)
        return Stream(
            _events(subscription, services.stopping),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @get(
        "/v1/queues/{name:str}",
        opt={"scope": READ, OWN_PAGES: True},
        tags=["notices"],
        summary="Pull from a durable queue",
    )
    async def pull(name: QueueName, most: int = 100, wait_ms: int = 0) -> Pulled:
        subscription = await subscriptions.open(name, Filter())
        try:
            async with asyncio.timeout(max(0.05, min(wait_ms, services.config.api.most_wait_ms) / 1000)):
                received = await subscription.receive(max(1, min(most, 500)))
        except TimeoutError:
            received = []
        finally:
            await subscription.close()
        return Pulled([msgspec.Raw(one.body) for one in received], received[-1].position if received else None)

    @post("/v1/queues/{name:str}/ack", status_code=204, opt={"scope": WRITE}, tags=["notices"], summary="Acknowledge")
    async def acknowledge(name: QueueName, data: Position) -> None:
        subscription = await subscriptions.open(name, Filter())
        try:
            await subscription.ack(data.position)
        finally:
            await subscription.close()

    @delete("/v1/queues/{name:str}", opt={"scope": WRITE}, tags=["notices"], summary="End a durable queue")
    async def remove(name: QueueName) -> None:
        if not await subscriptions.remove(name):
            raise NotFoundException(f"there is no queue {name}")

    return [stream, pull, acknowledge, remove]


def _values(text: str | None) -> frozenset[str]:
    return frozenset(value.strip() for value in text.split(",") if value.strip()) if text else frozenset()


async def _events(subscription: Subscription, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """Until the client leaves or the server stops."""
    ended = asyncio.ensure_future(stopping.wait())
    receiving: asyncio.Future[Any] = asyncio.ensure_future(subscription.receive(100))
    try:
        yield b": connected\n\n"
        while not stopping.is_set():
            await asyncio.wait((ended, receiving), timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done():
                if not stopping.is_set():
                    yield KEEP_ALIVE
                continue
            received = receiving.result()
            for one in received:
                yield _frame(one)
            await subscription.ack(received[-1].position)
            receiving = asyncio.ensure_future(subscription.receive(100))
    finally:
        ended.cancel()
        receiving.cancel()
        await subscription.close()


def _frame(received: Received) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (received.position, received.body)
