"""`GET /v1/unfurl`: one URL in, its card out, fetched first where nobody has shared it yet."""

from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from schedulers.card import Card, alternate, card_of
from schedulers.model import Known, Status
from schedulers.record import Record
from spiderduck.api.front.browsers import OWN_PAGES
from spiderduck.api.front.keys import FETCH, READ, Connection, guard_of
from spiderduck.api.parameters import A_URL, LANGUAGE
from spiderduck.api.services import Services
from spiderduck.api.urls.asking import Asked, Done, UrlLookup, are_settled, valid
from spiderduck.api.urls.caching import asking_again, tag_of
from spiderduck.config import Config

WAIT_MS = 3_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for a card: whether unknown links are fetched for them, and the address of this server as they know it,
    without a slash at the end."""

    may_fetch: bool
    base: str


def caller_of(connection: Connection, config: Config) -> Caller:
    """From a request that passed the guard."""
    base = config.api.public_url or str(connection.base_url)
    return Caller(guard_of(connection).may(connection, FETCH), base.rstrip("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller wants: as the parameters of `GET /v1/unfurl`."""

    url: str
    wait_ms: int = WAIT_MS
    refresh: bool = False
    lang: str | None = None
    provenance: bool = False


class _Unfurling:
    """One call: who asks, and how long it may still take."""

    def __init__(self, services: Services, urls: UrlLookup, may_fetch: bool, wait_ms: int) -> None:
        self._services = services
        self._urls = urls
        self._may_fetch = may_fetch
        self._ends_at = monotonic() + wait_ms / 1000

    async def record(self, asked: Asked, *, refresh: bool) -> Record:
        """What is known in time; what nobody has shared is fetched, and so is what is no longer fresh, beside it."""
        (known,) = await self._urls.known([asked])
        record = self._urls.record(asked, known)
        if self._may_fetch and self._urls.is_unknown(asked, known):
            await self._urls.share([asked])
            (record,) = await self._urls.records([asked])
        elif refresh:
            await self._urls.refresh(asked, f"refresh:{asked.key}:{self._services.clock.now():.3f}")
            return await self._wait(asked, lambda found: are_settled(found) and _moments(found[0]) != _moments(record))
        elif self._may_fetch and self._is_stale(known):
            await self._urls.refresh(asked, f"stale:{asked.key}:{record.fresh_until}")
        return record if are_settled([record]) or not self._left() else await self._wait(asked, are_settled)

    async def _wait(self, asked: Asked, done: Done) -> Record:
        return (await self._urls.wait([asked], self._left(), done))[0]

    def _left(self) -> int:
        return max(0, round((self._ends_at - monotonic()) * 1000))

    def _is_stale(self, known: Known) -> bool:
        fresh_until = None if known.state is None else known.state.fresh_until
        return fresh_until is not None and fresh_until < self._services.clock.now()


def _moments(record: Record) -> tuple[object, ...]:
    """What a further fetch changes, however it ends."""
    return record.status, record.fetched_at, record.checked_at, record.last_error


class Unfurler:
    """One call to a card, for every end that gives one."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._urls = UrlLookup(services)

    async def card(self, caller: Caller, wish: Wish) -> tuple[Card, Record]:
        """The card, and the record that it is made of. What the caller's key may not have fetched is told as known."""
        services = self._services
        asked = valid(wish.url)
        call = _Unfurling(services, self._urls, caller.may_fetch, wish.wait_ms)
        record = await call.record(asked, refresh=wish.refresh)
        shown = record
        if wish.lang is not None and (other := alternate(record, wish.lang)) is not None:
            version = await call.record(Asked(other), refresh=False)
            shown = version if version.status is Status.FETCHED else record
        shown, record = await self._urls.with_shares([shown, record])
        card = card_of(shown, lambda url: services.pictures.address(caller.base, url), provenance=wish.provenance)
        card.url = record.url
        return card, record


def unfurl_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    unfurler = Unfurler(services)

    @get(
        "/v1/unfurl",
        opt={"scope": READ, OWN_PAGES: True},
        tags=["cards"],
        summary="One URL's card",
        description="Answers with what to show for a link. A URL that nobody has shared is fetched first, politely, "
        "which needs the scope `fetch`; a key with `read` alone is told what is known. What takes longer than "
        "`wait_ms` comes with `status` `pending` or `deferred` and a `Retry-After`; ask again then. A card that is no "
        "longer fresh is answered at once and fetched again meanwhile.",
    )
    async def unfurl(
        request: Request[Any, Any, Any],
        url: Annotated[str, Parameter(description="The URL, percent-encoded.", schema_extra=A_URL)],
        wait_ms: Annotated[int, Parameter(ge=0, description="How long to wait at most, in milliseconds.")] = WAIT_MS,
        refresh: Annotated[
            bool, Parameter(description="Fetch it again, even if it is known. Needs the scope `fetch`.")
        ] = False,
        lang: Annotated[
            str | None,
            Parameter(
                pattern=LANGUAGE, description="Prefer the page's version in this language, if the page names one."
            ),
        ] = None,
        provenance: Annotated[bool, Parameter(description="Include which rule gave each field.")] = False,
    ) -> Response[Card]:
        if refresh:
            guard_of(request).require(request, FETCH)
        wish = Wish(url=url, wait_ms=wait_ms, refresh=refresh, lang=lang, provenance=provenance)
        card, record = await unfurler.card(caller_of(request, services.config), wish)
        return Response(card, headers={**asking_again(record, services.clock.now()), **tag_of(card)})

    return [unfurl]
