"""The calls of other programs. A card that is not there in time, or never, is told in the way that each understands."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from schedulers.card import Card
from schedulers.model import Status
from spiderduck.api.compat import shapes
from spiderduck.api.compat.refusals import NoPreview, NotYet, OtherFormat, iframely_members, matrix_members, refusing
from spiderduck.api.compat.shapes import Json
from spiderduck.api.contract.problems import ERRORS
from spiderduck.api.front.browsers import OWN_PAGES
from spiderduck.api.front.keys import KEY_PARAMETER, READ
from spiderduck.api.parameters import A_URL, LANGUAGE
from spiderduck.api.services import Services
from spiderduck.api.urls.caching import MOST_SECONDS, asking_again
from spiderduck.api.urls.unfurl import Unfurler, Wish, caller_of

Url = Annotated[str, Parameter(description="The URL, percent-encoded.", schema_extra=A_URL)]
Largest = Annotated[int | None, Parameter(ge=1, le=2**31 - 1, description="Pixels.")]
Lang = Annotated[
    str | None,
    Parameter(description="Prefer the page's version in this language. What is no language tag is passed over."),
]
A_FORMAT = {"pattern": "^([Jj][Ss][Oo][Nn])?$"}
TAGS = ["previews for other programs"]
OPTIONS = {"scope": READ, OWN_PAGES: True, ERRORS: (404,)}
UNSTABLE = "/_matrix/app/unstable/uk.half-shot.msc4417/preview_url"
ON_THEIR_WAY = frozenset({Status.PENDING, Status.DEFERRED})
MISSKEY_WAIT_MS = 4_000
"""Misskey gives up after five seconds, and its users' browsers keep that for a day."""


class _Previews:
    """What all of them share."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._unfurler = Unfurler(services)

    async def answer(self, request: Request[Any, Any, Any], wish: Wish, shape: Callable[[Card], Json]) -> Response[Any]:
        """`shape` of the card. Raises `NoPreview` where there is none to show, `NotYet`."""
        card, record = await self._unfurler.card(caller_of(request, self._services.config), wish)
        headers = asking_again(record, self._services.clock.now())
        verdict = record.verdict
        if verdict is not None and verdict.verdict == "block":
            by = "" if verdict.matched is None else f" by the list {verdict.matched.list}"
            raise NoPreview(record.reason or f"the link is blocked{by}", headers=headers)
        if record.page_id is not None:
            return Response(shape(card), headers=headers)
        if record.status in ON_THEIR_WAY:
            raise NotYet(record.reason or "it is not known yet; ask again", headers=headers)
        raise NoPreview(record.reason or "nothing is known about it", headers=headers)

    def fitted(self, request: Request[Any, Any, Any], card: Card, width: int | None, height: int | None) -> Card:
        """The card with a picture of at most this size; without one where we cannot make it smaller."""
        image = card.image
        if image is None or not image.width or not image.height:
            return card
        scale = min(1.0, (width or image.width) / image.width, (height or image.height) / image.height)
        if scale == 1.0:
            return card
        smaller = max(1, int(image.width * scale))
        address = self._services.pictures.address(caller_of(request, self._services.config).base, image.url, smaller)
        if address is None:
            return msgspec.structs.replace(card, image=None)
        size = {"width": smaller, "height": max(1, int(image.height * scale))}
        return msgspec.structs.replace(card, image=msgspec.structs.replace(image, proxied_url=address, **size))


def compat_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers of the forms that the settings switch on."""
    config, previews = services.config.compat, _Previews(services)
    found: list[HTTPRouteHandler] = []
    if config.oembed:
        found += _oembed(previews, config.wait_ms)
    if config.summaly:
        found += _summaly(previews, config.wait_ms)
    if config.matrix:
        found.append(_matrix(previews, config.wait_ms))
    if config.mastodon:
        found.append(_mastodon(previews, config.wait_ms))
    return found


def _oembed(previews: _Previews, wait_ms: int) -> Sequence[HTTPRouteHandler]:
    @get("/oembed", opt={**OPTIONS, ERRORS: (404, 501)}, tags=TAGS, summary="oEmbed 1.0")
    async def get_oembed(
        request: Request[Any, Any, Any],
        url: Url,
        maxwidth: Largest = None,
        maxheight: Largest = None,
        format: Annotated[
            str, Parameter(description="Only json; any other is a 501 (oembed.com, 2.3).", schema_extra=A_FORMAT)
        ] = "json",
    ) -> Response[Any]:
        if format.lower() not in ("", "json"):
            raise OtherFormat("only format=json is supported")
        return await previews.answer(
            request,
            Wish(url=url, wait_ms=wait_ms),
            lambda card: shapes.oembed(previews.fitted(request, card, maxwidth, maxheight), MOST_SECONDS),
        )

    @get(
        ["/api/oembed", "/api/iframely", "/iframely"],
        opt={**OPTIONS, KEY_PARAMETER: "api_key"},
        exception_handlers=refusing(iframely_members),
        tags=TAGS,
        summary="As Iframely answers, for Outline",
    )
    async def get_iframely(
        request: Request[Any, Any, Any],
        url: Url,
        api_key: Annotated[str | None, Parameter(description="An API key, sent as Iframely clients send it.")] = None,
    ) -> Response[Any]:
        wish = Wish(url=url, wait_ms=wait_ms)
        return await previews.answer(request, wish, lambda card: shapes.iframely(card, MOST_SECONDS))

    return [get_oembed, get_iframely]


def _summaly(previews: _Previews, wait_ms: int) -> Sequence[HTTPRouteHandler]:
    def wish(url: str, lang: str | None) -> Wish:
        tag = lang if lang and re.fullmatch(LANGUAGE, lang) else None
        return Wish(url=url, wait_ms=min(wait_ms, MISSKEY_WAIT_MS), lang=tag)

    @get("/compat/summaly", opt=OPTIONS, tags=TAGS, summary="Misskey's summaly proxy")
    async def get_summaly(request: Request[Any, Any, Any], url: Url, lang: Lang = None) -> Response[Any]:
        return await previews.answer(request, wish(url, lang), shapes.summaly)

    @get(
        "/compat/summaly/{key:str}",
        opt={**OPTIONS, KEY_PARAMETER: "key"},
        tags=TAGS,
        summary="The same, with a key in the path",
        description="Misskey can send no header to its proxy. The key stands in the logs of whatever lies between.",
    )
    async def get_summaly_with_key(
        request: Request[Any, Any, Any],
        key: Annotated[str, Parameter(description="A key with the scopes read and fetch.")],
        url: Url,
        lang: Lang = None,
    ) -> Response[Any]:
        return await previews.answer(request, wish(url, lang), shapes.summaly)

    return [get_summaly, get_summaly_with_key]


def _matrix(previews: _Previews, wait_ms: int) -> HTTPRouteHandler:
    @get(
        UNSTABLE,
        opt=OPTIONS,
        exception_handlers=refusing(matrix_members),
        tags=TAGS,
        summary="Matrix previews for a homeserver (MSC4417, experimental)",
        description="The homeserver's `hs_token` is a key of ours. Without pictures: `og:image` needs an upload there.",
    )
    async def get_matrix_preview(
        request: Request[Any, Any, Any],
        url: Url,
        user_id: Annotated[
            str | None, Parameter(description="The asking user; ignored, because everybody sees the same.")
        ] = None,
    ) -> Response[Any]:
        return await previews.answer(request, Wish(url=url, wait_ms=wait_ms), shapes.matrix)

    return get_matrix_preview


def _mastodon(previews: _Previews, wait_ms: int) -> HTTPRouteHandler:
    @get("/compat/mastodon/card", opt=OPTIONS, tags=TAGS, summary="Mastodon's PreviewCard")
    async def get_mastodon_card(request: Request[Any, Any, Any], url: Url) -> Response[Any]:
        return await previews.answer(request, Wish(url=url, wait_ms=wait_ms), shapes.mastodon)

    return get_mastodon_card
