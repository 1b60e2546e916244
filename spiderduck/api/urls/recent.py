"""`GET /v1/links`: the links that were handled last, as cards."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from fetchers.urls import registrable_domain
from schedulers.card import Card, card_of
from schedulers.model import Status
from schedulers.record import Record, Time, iso_time, record_of
from schedulers.verdict import Judgement
from spiderduck.api.front.keys import READ
from spiderduck.api.paging import Cursor, cursor_at, place_of
from spiderduck.api.parameters import A_DOMAIN, BadParameter, domain_name
from spiderduck.api.services import Services
from spiderduck.api.sharing.intake import Pause
from spiderduck.api.urls.asking import UrlLookup
from spiderduck.api.urls.unfurl import caller_of
from spiderduck.lists.judging import Judge
from spiderduck.stores.ports import Handled, Place

LISTING = "links"
LOOKED_AT = 2_000
"""Links that one answer looks through, so that a rare word costs no more than a common one."""
PIECE = 200
Wanted = Callable[[Record], bool]


class HandledLink(Card, kw_only=True, omit_defaults=True):
    """A link's card, and when it was handled last."""

    handled_at: Time


class HandledLinks(msgspec.Struct):
    """The newest first; `next_cursor` leads to older ones, and is null at the end. An answer may hold fewer than were
    asked for, or none, while there are more: it looks through 2,000 links."""

    links: list[HandledLink]
    next_cursor: str | None = None


class _Words(msgspec.Struct):
    title: str | None = None
    description: str | None = None
    site_name: str | None = None


_decode = msgspec.json.Decoder(_Words).decode


def recent_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handler."""
    urls, judge = UrlLookup(services), Judge(services.lists, services.clock)

    def judged(one: Handled) -> Record:
        state, page = one.state, one.page
        verdict = judge.verdict(state.url, one.known)
        return msgspec.structs.replace(record_of(state, page), verdict=verdict)

    async def look(
        most: int, place: Place | None, domain: str | None, wanted: Wanted
    ) -> tuple[list[tuple[Handled, Record]], Place | None]:
        """Those that are wanted, and where the look ended; None at the end of all."""
        found: list[tuple[Handled, Record]] = []
        pause = Pause()
        for _ in range(LOOKED_AT // PIECE):
            some = await services.lookups.latest(PIECE, place, domain)
            for one in some:
                place, record = one.place, judged(one)
                if wanted(record):
                    found.append((one, record))
                if len(found) == most:
                    return found, place
                await pause()
            if len(some) < PIECE:
                return found, None
        return found, place

    @get(
        "/v1/links",
        opt={"scope": READ},
        tags=["look-ups"],
        summary="The links that were handled last",
        description="As cards, the newest first. Filters hold together. Where records lie in Cassandra, links are kept "
        "in order for each domain alone: 400 without `domain`.",
    )
    async def list_links(
        request: Request[Any, Any, Any],
        domain: Annotated[
            str | None, Parameter(description="Of this domain and what lies below it.", schema_extra=A_DOMAIN)
        ] = None,
        status: Annotated[Status | None, Parameter(description="With this status.")] = None,
        verdict: Annotated[Judgement | None, Parameter(description="With this verdict of the lists.")] = None,
        text: Annotated[
            str | None, Parameter(max_length=200, description="With this in the URL, title, description or site name.")
        ] = None,
        most: Annotated[int, Parameter(ge=1, le=200, description="How many at most.")] = 50,
        cursor: Cursor = None,
    ) -> HandledLinks:
        name = None if domain is None else registrable_domain(domain_name(domain))
        wanted = _filter(status, verdict, text)
        found, end = await look(most, _place(cursor), name, wanted)
        records = await urls.with_shares([record for _, record in found])
        base = caller_of(request, services.config).base

        def shown(one: Handled, record: Record) -> HandledLink:
            card = card_of(record, lambda url: services.pictures.address(base, url))
            return HandledLink(**msgspec.structs.asdict(card), handled_at=iso_time(one.at))

        links = [shown(one, record) for (one, _), record in zip(found, records, strict=True)]
        return HandledLinks(links, None if end is None else cursor_at(LISTING, f"{end[0]!r} {end[1]}"))

    return [list_links]


def _filter(
    status: Status | None, verdict: Literal["block", "warn", "no_match", "unknown"] | None, text: str | None
) -> Wanted:
    part = None if text is None else text.casefold().strip()

    def wanted(record: Record) -> bool:
        if status is not None and record.status is not status:
            return False
        if verdict is not None and (record.verdict is None or record.verdict.verdict != verdict):
            return False
        return not part or part in _words(record)

    return wanted


def _words(record: Record) -> str:
    blocked = record.verdict is not None and record.verdict.verdict == "block"
    if record.metadata is None or blocked:  # what is not shown is not found
        return record.url.casefold()
    found = _decode(record.metadata)
    return "\n".join((record.url, found.title or "", found.description or "", found.site_name or "")).casefold()


def _place(cursor: str | None) -> Place | None:
    """Raises `BadParameter`."""
    text = place_of(cursor, LISTING, str)
    if text is None:
        return None
    at, _, key = text.partition(" ")
    try:
        return float(at), key
    except ValueError as error:
        raise BadParameter("cursor is none of this listing") from error
