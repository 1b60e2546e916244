"""The dead letters: what was given up, why, and trying it again."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, QueryParameter

from fetchers.urls import redacted
from schedulers.errors import UnreadableEvent
from schedulers.events import read_event, redact_body
from schedulers.identity import sent_id
from schedulers.record import iso_time
from spiderduck.api.front.audit import AnyRequest, Audit
from spiderduck.api.front.keys import ADMIN, READ
from spiderduck.api.front.retries import RETRIES, Retries
from spiderduck.api.paging import MOST, Cursor, piece, place_of
from spiderduck.api.parameters import SHORT_ID, whole_number
from spiderduck.api.services import Services

MOST_AT_ONCE = 10_000
LISTING = "dead letters"
LetterId = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": SHORT_ID})]


class Letter(msgspec.Struct, omit_defaults=True):
    """One message that was given up; `body` as it came, but for the user information of URLs in it."""

    id: str
    at: str
    reason: str
    event_id: str
    kind: str
    body: str
    url: str | None = None


class Letters(msgspec.Struct):
    """The newest first; `next_cursor` leads to older ones, and is null at the end."""

    letters: list[Letter]
    next_cursor: str | None = None


class Replay(msgspec.Struct, forbid_unknown_fields=True):
    """The dead letters to replay; without `ids`, all of them."""

    ids: Annotated[list[LetterId], msgspec.Meta(max_length=MOST_AT_ONCE)] | None = None


class Replayed(msgspec.Struct):
    """How many were put back into the queue."""

    replayed: int


def _shown(body: bytes) -> str:
    """Whoever publishes on the broker does not go through the intake."""
    try:
        urls = read_event(body).urls
    except UnreadableEvent:
        urls = ()
    return redact_body(body, urls).decode("utf-8", "replace")


def dead_letter_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    audit, retries = Audit(services), Retries(services.answers)

    @get("/v1/dead", opt={"scope": READ}, tags=["dead letters"], summary="Dead letters")
    async def list_dead_letters(
        most: Annotated[
            int, QueryParameter(description="So many at most, the newest first; 1,000 is the limit.")
        ] = 100,
        cursor: Cursor = None,
    ) -> Letters:
        most = max(1, min(most, MOST))
        found = await services.dead_letters.dead(most + 1, place_of(cursor, LISTING, int))
        shown, after = piece(found, most, LISTING, lambda one: one.id)
        return Letters(
            [
                Letter(
                    str(one.id),
                    iso_time(one.at),
                    redacted(one.reason),
                    redacted(sent_id(one.message.event_id)),
                    one.message.kind,
                    _shown(one.message.body),
                    one.message.url,
                )
                for one in shown
            ],
            after,
        )

    @post(
        "/v1/dead/replay",
        status_code=200,
        opt={"scope": ADMIN, RETRIES: retries},
        tags=["dead letters"],
        summary="Replay dead letters",
    )
    async def replay_dead_letters(data: JSONBody[Replay], request: AnyRequest) -> Replayed:
        ids = None if data.ids is None else [whole_number(one, "ids") for one in data.ids]
        count = await services.dead_letters.replay(ids)
        which = "all" if data.ids is None else ", ".join(data.ids)
        await audit.note(request, "dead.replayed", which, f"{count} messages")
        return Replayed(count)

    return [list_dead_letters, replay_dead_letters]
