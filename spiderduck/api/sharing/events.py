"""`POST /v1/events`: what was shared goes into the durable queue."""

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from spiderduck.api.contract.described import REQUEST_BODY
from spiderduck.api.contract.event_shapes import EVENTS_BODY
from spiderduck.api.contract.problems import PROBLEM_TYPE, Problem
from spiderduck.api.front.browsers import BODY
from spiderduck.api.front.keys import WRITE
from spiderduck.api.front.retries import header_parameter
from spiderduck.api.services import Services
from spiderduck.api.sharing.accepted import Accepted
from spiderduck.api.sharing.idempotency import claim_of
from spiderduck.api.sharing.intake import Intake

IdempotencyKey = Annotated[
    str | None,
    header_parameter(
        "Any text of your own for this request. Sent again with the same body, events without an `id` get "
        "the same ids as before, so that none is shared twice, and count as duplicates; with another body it is a 422. "
        "Kept for `retention.events_days`."
    ),
]


def event_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    intake = Intake(services)

    @post(
        "/v1/events",
        status_code=202,
        request_max_body_size=services.config.api.most_event_bytes,
        opt={"scope": WRITE, BODY: "lines", REQUEST_BODY: EVENTS_BODY},
        tags=["events"],
        summary="Share events",
        description="Takes one event, a JSON array, or NDJSON. Shapes: plain `{id?, text?, urls?, created_at?, "
        "refresh?, sharer?}`, CloudEvents 1.0, tweets (v1.1 and v2), Mastodon statuses, Bluesky Jetstream lines, Slack "
        "`link_shared`. The answer comes when they are durable. If one of them cannot be read, none is accepted. "
        "An event without an id is a share of its own each time. `sharer` may stand in any of them; only a keyed hash "
        "of it is kept. A text without links is accepted; its `links` are "
        "empty.",
        responses={
            400: ResponseSpec(
                Problem, media_type=PROBLEM_TYPE, description="An event cannot be read; `detail` names it."
            ),
            422: ResponseSpec(
                Problem,
                media_type=PROBLEM_TYPE,
                description="An event has too many URLs, a text that is too long, or neither (`detail` names it); "
                "there are too many events; or the Idempotency-Key was used with another body.",
            ),
        },
    )
    async def send_events(
        request: Request[Any, Any, Any],
        content_type: Annotated[str | None, HeaderParameter(name="content-type", default=None, required=False)] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Accepted:
        body = await request.body()
        claim = await claim_of(request, body, services.marks)
        taken = await intake.take(body, content_type, claim)
        return Accepted(taken.accepted, len(taken.ids) - taken.accepted, taken.ids, taken.events or msgspec.UNSET)

    return [send_events]
