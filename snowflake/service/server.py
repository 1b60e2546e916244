"""READ FIRST of the service: `/v1/ids` over HTTP, as handlers that any Litestar application can take in.

    caller ─► server.py (the wire) ─► issuing.py (what is done) ─► Generator

`python -m snowflake serve` runs them alone (`standalone.py`). One id costs no more than a constant would, so the hot
handlers write their bytes themselves.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler, Scope

from snowflake.config import ServiceConfig
from snowflake.errors import SnowflakeError
from snowflake.generator import Generator
from snowflake.moments import parse_moment, write_moment
from snowflake.service import problems
from snowflake.service.issuing import IdService
from snowflake.service.model import DecodedId, Identity, IdsAt, LeaseAnswer, LeaseRequest, ManyIds, OneId
from snowflake.service.rendering import JsonAnswer, render_many, render_one


def route_handlers(
    generator: Generator, config: ServiceConfig | None = None, lease_opt: Mapping[str, Any] | None = None
) -> tuple[ControllerRouterHandler, ...]:
    """What a Litestar application takes as `route_handlers`. `lease_opt`: options of the call that leases ranges, for
    the application's guards. Raises `BadConfiguration`."""
    return (ids_router(IdService(generator, config), lease_opt),)


_DAY = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
A_MOMENT: dict[str, Any] = {
    "anyOf": [{"pattern": f"^20(1[1-9]|[2-7][0-9])-({_DAY})T{_CLOCK}$"}, {"pattern": "^1[3-9][0-9]{8}$"}]
}
"""A time of RFC 3339 in the years that ids can carry whole, 2011 to 2079, leap days left out; `date-time` would be any
year. The seconds are those of 2011 to 2033."""
AN_ID = "^[0-8]?[0-9]{1,18}$"
"""Of 63 bits; ids of the last few centuries have a 9 in front."""


def ids_router(service: IdService, lease_opt: Mapping[str, Any] | None = None) -> Router:
    """`/v1/ids` and everything below it; `lease_opt` as in `route_handlers`."""

    counts = {"minimum": 1, "maximum": service.config.most_batch}

    def count_caller(scope: Scope) -> None:
        for name, value in scope["headers"]:
            if name == b"user-agent":
                service.user_agents.count(value)
                return
        service.user_agents.count(b"")

    @get("/", responses={200: ResponseSpec(OneId, description="A new id.")}, summary="One id")
    async def next_id(scope: Scope) -> JsonAnswer:
        count_caller(scope)
        return JsonAnswer(render_one(service.one()))

    @get("/batch", responses={200: ResponseSpec(ManyIds, description="New ids, increasing.")}, summary="Many ids")
    async def next_ids(
        scope: Scope, count: Annotated[int, QueryParameter(description="How many.", schema_extra=counts)]
    ) -> JsonAnswer:
        count_caller(scope)
        return JsonAnswer(render_many(await service.batch(count)))

    @post(
        "/lease",
        status_code=200,
        opt=dict(lease_opt or {}),
        summary="Lease a range of ids: a window of time and a share of its sequence numbers",
    )
    async def lease_ids(scope: Scope, data: JSONBody[LeaseRequest | None] = None) -> LeaseAnswer:
        count_caller(scope)
        return await service.lease(data or LeaseRequest())

    @get("/self", summary="The id server's worker id, clock and counters")
    async def get_id_worker() -> Identity:
        return service.identity()

    @get("/at", summary="The lowest and highest id of a moment")
    async def get_id_bounds(
        time: Annotated[
            str,
            QueryParameter(
                description="ISO 8601, such as 2026-11-22T10:47:34.120Z, or Unix seconds.", schema_extra=A_MOMENT
            ),
        ],
    ) -> IdsAt:
        layout, moment = service.generator.layout, parse_moment(time)
        low, high = layout.min_id_at(moment), layout.max_id_at(moment)
        return IdsAt(write_moment(moment), low, str(low), high, str(high))

    @get("/{id:str}", summary="What an id says")
    async def decode_id(
        id: Annotated[str, PathParameter(description="An id, in digits.", schema_extra={"pattern": AN_ID})],
    ) -> DecodedId:
        return DecodedId.of(service.generator.decode(id))

    return Router(
        "/v1/ids",
        route_handlers=[next_id, next_ids, lease_ids, get_id_worker, get_id_bounds, decode_id],
        exception_handlers={SnowflakeError: problems.answer},
        tags=["ids"],
    )
