"""`POST /v1/events`: what was shared goes into the durable queue."""

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from schedulers.errors import UnreadableEvent
from schedulers.events import read_events
from schedulers.model import Context, Event, Message, Status, UrlState
from schedulers.stages.url_extractor import identified
from spiderduck.api.keys import WRITE
from spiderduck.api.problems import PROBLEM_TYPE, Problem
from spiderduck.api.services import Services


class Accepted(msgspec.Struct):
    """How many events are in the queue now, how many were known already, and the ids of all, in the order sent."""

    accepted: int
    duplicates: int
    ids: list[str]


async def mark_pending(services: Services, event: Event) -> None:
    """A look-up right after the answer must not say that nobody shared the URL. In one commit with the event."""
    for text in event.urls:
        ctx = identified(Context(Message(b"", event.id)), text)
        if ctx.settled is None:
            await services.marks.mark(UrlState(ctx.key, ctx.url, Status.PENDING))


def event_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""

    @post(
        "/v1/events",
        status_code=202,
        opt={"scope": WRITE},
        tags=["events"],
        summary="Share events",
        description="One event, a JSON array, or NDJSON. Shapes: plain `{id?, text?, urls?, created_at?, refresh?}`, "
        "CloudEvents 1.0, tweets (v1.1 and v2), Mastodon statuses, Bluesky Jetstream lines, Slack "
        "`link_shared`. Answered when they are durable; where one of them cannot be read, none is accepted.",
        responses={
            400: ResponseSpec(
                Problem, media_type=PROBLEM_TYPE, description="An event cannot be read; `detail` names it."
            )
        },
    )
    async def send_events(
        request: Request[Any, Any, Any],
        content_type: Annotated[str | None, Parameter(header="content-type", default=None, required=False)] = None,
    ) -> Accepted:
        body = await request.body()
        events = read_events(body, content_type)
        if not events:
            raise UnreadableEvent('there is no event in the body; send e.g. {"text": "look: https://example.com/"}')
        for event, _ in events:
            await mark_pending(services, event)
        accepted = await services.queue.publish([Message(raw, event.id) for event, raw in events])
        count = sum(accepted)
        return Accepted(count, len(events) - count, [event.id for event, _ in events])

    return [send_events]
