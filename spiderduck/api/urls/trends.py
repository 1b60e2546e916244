"""`GET /v1/trends`: which links or domains are shared more than before."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from fetchers.blocked_domains import BlockedDomains
from schedulers.model import Known
from schedulers.shares import Shares
from spiderduck.api.contract.problems import ERRORS
from spiderduck.api.front.keys import READ
from spiderduck.api.parameters import LANGUAGE
from spiderduck.api.services import Services
from spiderduck.lists.judging import Judge
from spiderduck.shares.ports import Asked, ShareStore
from spiderduck.shares.trends import COOLDOWN, HOUR, LEAST_SCORE, WINDOWS, Peak, WindowName, distribution, rank

MOST_PEAKS = 2_000
"""Looked through for those that may be shown."""
MOST = 100
EXAMPLES = 3
FRESH = {"Cache-Control": "private, max-age=10"}


class _Trending(msgspec.Struct, omit_defaults=True, kw_only=True):
    rank: int
    score: float
    distribution: list[int]
    examples: list[str] = msgspec.field(default_factory=list)
    language: str | None = None


class TrendingLink(_Trending, kw_only=True):
    """A page that trends. `rank` (1 to 100) can be compared between servers; `score` is what it is made of.
    `distribution` tells for each hour of the window, the oldest first, how many people shared it, as parts of the best
    hour, which is 100. `examples` are addresses of events that shared it, where their ids are addresses."""

    url: str
    title: str | None = None
    shares: Shares | None = None


class TrendingDomain(_Trending, kw_only=True):
    """A registrable domain that trends; as `TrendingLink`."""

    domain: str


class Trends(msgspec.Struct, omit_defaults=True):
    """What trends, the most first: `links` or `domains`, whichever was asked for."""

    links: list[TrendingLink] | msgspec.UnsetType = msgspec.UNSET
    domains: list[TrendingDomain] | msgspec.UnsetType = msgspec.UNSET


class _Titled(msgspec.Struct):
    title: str | None = None


_decode = msgspec.json.Decoder(_Titled).decode


class Trending:
    """What of the peaks may be shown, and how."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._judge = Judge(services.lists, services.clock)
        self._denied = BlockedDomains(services.config.trends.deny)

    async def peaks(self, kind: str, window: WindowName, lang: str | None, most: int) -> list[tuple[Peak, Known]]:
        """Those that trend still, the most first, with what is known of the page."""
        now = self._services.clock.now()
        peaks = await self._store.peaks(kind, window, now - COOLDOWN, MOST_PEAKS)
        wanted = [one for one in peaks if one.now(now) >= LEAST_SCORE and (lang is None or _speaks(one, lang))]
        found: list[tuple[Peak, Known]] = []
        for start in range(0, len(wanted), MOST):
            some = wanted[start : start + MOST]
            known = await self._known(some)
            found += [both for both in zip(some, known, strict=True) if self._may_be_shown(*both)]
            if len(found) >= most:
                break
        return found[:most]

    async def links(self, found: Sequence[tuple[Peak, Known]]) -> list[TrendingLink]:
        """As callers see them."""
        now = self._services.clock.now()
        counts = await self._store.counts([Asked(peak.item.name, peak.item.name) for peak, _ in found], now)
        return [await self._link(peak, known, shares) for (peak, known), shares in zip(found, counts, strict=True)]

    async def domain(self, peak: Peak) -> TrendingDomain:
        """As callers see it."""
        score, hours, examples = await self._shown(peak)
        return TrendingDomain(
            domain=peak.item.name,
            rank=rank(score),
            score=round(score, 3),
            distribution=hours,
            examples=examples,
            language=peak.language or None,
        )

    async def _link(self, peak: Peak, known: Known, shares: Shares | None) -> TrendingLink:
        score, hours, examples = await self._shown(peak)
        return TrendingLink(
            url=_url(peak, known),
            rank=rank(score),
            score=round(score, 3),
            distribution=hours,
            examples=examples,
            language=peak.language or None,
            title=None if known.page is None else _decode(known.page.metadata).title,
            shares=shares,
        )

    @property
    def _store(self) -> ShareStore:
        if self._services.shares is None:
            raise NotFoundException("shares are not counted here, so that nothing can trend; shares.count is false")
        return self._services.shares

    async def _shown(self, peak: Peak) -> tuple[float, list[int], list[str]]:
        """What is left of the score, the distribution, and examples."""
        now, seconds = self._services.clock.now(), WINDOWS[peak.window].seconds
        hours = await self._store.per_hour(peak.item, round(seconds / HOUR), now)
        examples = await self._store.events_of(peak.item, now - seconds, EXAMPLES)
        return peak.now(now), distribution(hours), list(examples)

    async def _known(self, peaks: Sequence[Peak]) -> Sequence[Known]:
        if peaks[0].item.kind == "domains":
            return [Known()] * len(peaks)
        return await self._services.lookups.known([peak.item.name for peak in peaks])

    def _may_be_shown(self, peak: Peak, known: Known) -> bool:
        url = _url(peak, known)
        return self._denied.verdict(url) is None and self._judge.verdict(url, known).verdict != "block"


def _url(peak: Peak, known: Known) -> str:
    """Of a domain, its root."""
    if peak.item.kind == "domains":
        return f"http://{peak.item.name}/"
    return known.page.canonical_url or known.page.url if known.page is not None else peak.item.name


def _speaks(peak: Peak, wanted: str) -> bool:
    """Basic filtering (RFC 4647): `de` takes `de-CH`."""
    return f"{peak.language.lower()}-".startswith(f"{wanted.lower()}-")


def trend_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    trending = Trending(services)

    @get(
        "/v1/trends",
        opt={"scope": READ, ERRORS: (404,)},
        tags=["shares and trends"],
        summary="What is shared more than before",
        description="By Mastodon's score: the different people who shared a thing in the last hour, day or week, "
        "against those in the one before. The highest score of the last two days counts, and halves every eight hours. "
        "Fewer than `trends.threshold` people are no trend. What `trends.deny` names or a list blocks is left out.",
    )
    async def list_trends(
        by: Annotated[Literal["links", "domains"], Parameter(description="What is wanted.")] = "links",
        window: Annotated[Literal["hour", "day", "week"], Parameter(description="Up to now.")] = "day",
        lang: Annotated[
            str | None, Parameter(pattern=LANGUAGE, description="Only pages in this language; `de` takes `de-CH` too.")
        ] = None,
        limit: Annotated[int, Parameter(ge=1, le=MOST, description="How many at most.")] = 20,
    ) -> Response[Trends]:
        found = await trending.peaks(by, window, lang, limit)
        if by == "domains":
            return Response(Trends(domains=[await trending.domain(peak) for peak, _ in found]), headers=FRESH)
        return Response(Trends(links=await trending.links(found)), headers=FRESH)

    return [list_trends]
