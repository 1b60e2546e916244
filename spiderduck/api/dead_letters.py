"""The dead letters: what was given up, why, and trying it again."""

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from schedulers.record import iso_time
from spiderduck.api.keys import ADMIN, READ
from spiderduck.api.services import Services


class Letter(msgspec.Struct, omit_defaults=True):
    """One message that was given up; `body` as it came."""

    id: str
    at: str
    reason: str
    event_id: str
    kind: str
    body: str
    url: str | None = None


class Letters(msgspec.Struct):
    """The newest first."""

    letters: list[Letter]


class Replay(msgspec.Struct, forbid_unknown_fields=True):
    """Which ones to try again; all where `ids` is absent."""

    ids: list[str] | None = None


class Replayed(msgspec.Struct):
    """How many are back in the queue."""

    replayed: int


def dead_letter_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""

    @get("/v1/dead", opt={"scope": READ}, tags=["dead letters"], summary="What was given up")
    async def dead(most: int = 100) -> Letters:
        found = await services.dead_letters.dead(max(1, min(most, 1000)))
        return Letters(
            [
                Letter(
                    str(one.id),
                    iso_time(one.at),
                    one.reason,
                    one.message.event_id,
                    one.message.kind,
                    one.message.body.decode("utf-8", "replace"),
                    one.message.url,
                )
                for one in found
            ]
        )

    @post("/v1/dead/replay", status_code=200, opt={"scope": ADMIN}, tags=["dead letters"], summary="Try again")
    async def replay(data: Replay) -> Replayed:
        ids = None if data.ids is None else [int(one) for one in data.ids if one.isdigit()]
        return Replayed(await services.dead_letters.replay(ids))

    return [dead, replay]
