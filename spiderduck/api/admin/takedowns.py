"""`/v1/takedowns`: take a URL down, see what was, and lift it."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, Parameter

from schedulers.links import Link, identify
from schedulers.record import Time, iso_time
from spiderduck.api.contract.problems import ERRORS
from spiderduck.api.front.audit import AnyRequest, Audit
from spiderduck.api.front.keys import ADMIN, name_of
from spiderduck.api.front.retries import RETRIES, Retries
from spiderduck.api.paging import Cursor, Most, piece, place_of
from spiderduck.api.parameters import A_URL, BadParameter, UrlText, shortened
from spiderduck.api.services import Services
from spiderduck.takedowns.model import Takedown

LONGEST_REASON = 2_000
LISTING = "takedowns"


class TakedownOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`reason` is for admins. With `destination`, the page that the URL leads to goes as well, with every URL that is
    known to lead there; without it, the URL itself and those that lead to it."""

    url: UrlText
    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] | None = None
    destination: bool = True


class TakedownReport(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A takedown in force. It holds for `urls`. `removed_at`: records, versions, redirects, texts and notices are gone,
    of so many `pages`, and so are `pictures`. `erased_at`: no byte of them is left in the archive; null while some lie
    in a segment that another process has not uploaded yet."""

    url: str
    urls: list[str]
    at: Time
    by: str | None = None
    reason: str | None = None
    pages: int
    pictures: int
    removed_at: Time | None = None
    erased_at: Time | None = None


class TakedownReports(msgspec.Struct):
    """The newest first; `next_cursor` leads to older ones, and is null at the end."""

    takedowns: list[TakedownReport]
    next_cursor: str | None = None


def takedown_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    takedowns, audit = services.takedowns, Audit(services)

    @post(
        "/v1/takedowns",
        status_code=200,
        opt={"scope": ADMIN, RETRIES: Retries(services.answers)},
        tags=["trust and safety"],
        summary="Take a URL down",
        description="Removes the URL's record, all versions of its page, their archived bytes, pictures and cached "
        "variants, redirects and notices. From then on it is not fetched, and every look-up says `block`, until it is "
        "lifted. Here at once; other processes follow within seconds. May be repeated.",
    )
    async def take_down(data: JSONBody[TakedownOrder], request: AnyRequest) -> TakedownReport:
        link = _link(data.url)
        taken = await takedowns.order(link, by=name_of(request), reason=data.reason, destination=data.destination)
        detail = f"it holds for {len(taken.covered)} URL{'' if len(taken.covered) == 1 else 's'}"
        # First: what is removed in the background, because an engine is away now, was ordered all the same.
        await audit.note(request, "takedown", link.url, detail if data.reason is None else f"{detail}: {data.reason}")
        return _report(await takedowns.carry_out(taken))

    @get("/v1/takedowns", opt={"scope": ADMIN}, tags=["trust and safety"], summary="What was taken down")
    async def list_takedowns(most: Most = 100, cursor: Cursor = None) -> TakedownReports:
        before = place_of(cursor, LISTING, str)
        found = [one for one in await takedowns.all() if before is None or _place(one) < before]
        shown, after = piece(found, most, LISTING, _place)
        return TakedownReports([_report(one) for one in shown], after)

    @delete("/v1/takedowns", opt={"scope": ADMIN, ERRORS: (404,)}, tags=["trust and safety"], summary="Lift a takedown")
    async def lift_takedown(
        url: Annotated[str, Parameter(description="The URL that was taken down, percent-encoded.", schema_extra=A_URL)],
        request: AnyRequest,
    ) -> None:
        link = _link(url)
        if await takedowns.lift(link) is None:
            raise NotFoundException(f"{shortened(url)} was not taken down; GET /v1/takedowns tells what was")
        await audit.note(request, "takedown.lifted", link.url)

    return [take_down, list_takedowns, lift_takedown]


def _link(url: str) -> Link:
    """Raises `BadParameter`."""
    link = identify(url)
    if link.invalid is not None:
        raise BadParameter(f"url is {shortened(url)}: {link.invalid.reason}")
    return link


def _place(one: Takedown) -> str:
    """Sorts as the time does."""
    return f"{one.at:020.6f}-{one.id}"


def _report(one: Takedown) -> TakedownReport:
    return TakedownReport(
        url=one.url,
        urls=[covered.url for covered in one.covered],
        at=iso_time(one.at),
        by=one.by,
        reason=one.reason,
        pages=len(one.pages),
        pictures=len(one.pictures),
        removed_at=None if one.removed_at is None else iso_time(one.removed_at),
        erased_at=None if one.erased_at is None else iso_time(one.erased_at),
    )
