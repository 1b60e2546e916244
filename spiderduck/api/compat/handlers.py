"""The calls of other programs. A card that is not there in time, or never, is told in the way that each understands."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from groundwork import problems
from schedulers.card import Card
from schedulers.model import Status
from spiderduck.api.compat import shapes
from spiderduck.api.compat.shapes import Json
from spiderduck.api.contract.problems import PROBLEM_TYPE
from spiderduck.api.front.browsers import OWN_PAGES
from spiderduck.api.front.keys import KEY_PARAMETER, READ
from spiderduck.api.parameters import LANGUAGE
from spiderduck.api.services import Services
from spiderduck.api.urls.caching import MOST_SECONDS, asking_again
from spiderduck.api.urls.unfurl import Unfurler, Wish, caller_of

Url = Annotated[str, Parameter(description="The URL, percent-encoded.")]
Largest = Annotated[int | None, Parameter(ge=1, le=8192, description="Pixels.")]
Lang = Annotated[str | None, Parameter(pattern=LANGUAGE, description="Prefer the page's version in this language.")]
TAGS = ["previews for other programs"]
OPTIONS = {"scope": READ, OWN_PAGES: True}
UNSTABLE = "/_matrix/app/unstable/uk.half-shot.msc4417/preview_url"
ON_THEIR_WAY = frozenset({Status.PENDING, Status.DEFERRED})


class _Ends:
    """What all of them share."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._unfurler = Unfurler(services)

    async def answer(
        self,
        request: Request[Any, Any, Any],
        wish: Wish,
        shape: Callable[[Card], Json],
        refused: Callable[[str], Json] = lambda _: {},
    ) -> Response[Any]:
        """`shape` of the card; `refused` gives the members that this client reads of a refusal, beside a problem's."""
        card, record = await self._unfurler.card(caller_of(request, self._services.config), wish)
        headers = asking_again(record, self._services.clock.now())
        if record.page_id is not None:
            return Response(shape(card), headers=headers)
        is_late = record.status in ON_THEIR_WAY
        status, code = (503, "late") if is_late else (404, "not_found")
        detail = record.reason or ("it is not known yet; ask again" if is_late else "nothing is known about it")
        body = problems.problem(status, code, "No preview", detail, **refused(detail))
        return Response(body, status_code=status, media_type=PROBLEM_TYPE, headers=headers)

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
    """The handlers of the ends that the settings switch on."""
    config, ends = services.config.compat, _Ends(services)
    found: list[HTTPRouteHandler] = []
    if config.oembed:
        found += _oembed(ends, config.wait_ms)
    if config.summaly:
        found += _summaly(ends, config.wait_ms)
    if config.matrix:
        found.append(_matrix(ends, config.wait_ms))
    if config.mastodon:
        found.append(_mastodon(ends, config.wait_ms))
    return found


def _oembed(ends: _Ends, wait_ms: int) -> Sequence[HTTPRouteHandler]:
    def error(detail: str) -> Json:
        return {"error": detail}

    @get("/oembed", opt=OPTIONS, tags=TAGS, summary="oEmbed 1.0")
    async def get_oembed(
        request: Request[Any, Any, Any],
        url: Url,
        maxwidth: Largest = None,
        maxheight: Largest = None,
        format: Annotated[str, Parameter(description="Only json is supported; xml is answered with 501.")] = "json",
    ) -> Response[Any]:
        if format != "json":
            body = problems.problem(501, "format_not_implemented", "Not implemented", "only format=json is supported")
            return Response(body, status_code=501, media_type=PROBLEM_TYPE)
        return await ends.answer(
            request,
            Wish(url=url, wait_ms=wait_ms),
            lambda card: shapes.oembed(ends.fitted(request, card, maxwidth, maxheight), MOST_SECONDS),
        )

    @get(
        ["/api/oembed", "/api/iframely", "/iframely"],
        opt={**OPTIONS, KEY_PARAMETER: "api_key"},
        tags=TAGS,
        summary="As Iframely answers, for Outline",
    )
    async def get_iframely(
        request: Request[Any, Any, Any],
        url: Url,
        api_key: Annotated[str | None, Parameter(description="An API key, sent as Iframely clients send it.")] = None,
    ) -> Response[Any]:
        wish = Wish(url=url, wait_ms=wait_ms)
        return await ends.answer(request, wish, lambda card: shapes.iframely(card, MOST_SECONDS), error)

    return [get_oembed, get_iframely]


def _summaly(ends: _Ends, wait_ms: int) -> Sequence[HTTPRouteHandler]:
    @get("/compat/summaly", opt=OPTIONS, tags=TAGS, summary="Misskey's summaly proxy")
    async def get_summaly(request: Request[Any, Any, Any], url: Url, lang: Lang = None) -> Response[Any]:
        return await ends.answer(request, Wish(url=url, wait_ms=wait_ms, lang=lang), shapes.summaly)

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
        return await ends.answer(request, Wish(url=url, wait_ms=wait_ms, lang=lang), shapes.summaly)

    return [get_summaly, get_summaly_with_key]


def _matrix(ends: _Ends, wait_ms: int) -> HTTPRouteHandler:
    def error(detail: str) -> Json:
        return {"errcode": "M_NOT_FOUND", "error": detail}

    @get(
        UNSTABLE,
        opt=OPTIONS,
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
        return await ends.answer(request, Wish(url=url, wait_ms=wait_ms), shapes.matrix, error)

    return get_matrix_preview


def _mastodon(ends: _Ends, wait_ms: int) -> HTTPRouteHandler:
    @get("/compat/mastodon/card", opt=OPTIONS, tags=TAGS, summary="Mastodon's PreviewCard")
    async def get_mastodon_card(request: Request[Any, Any, Any], url: Url) -> Response[Any]:
        return await ends.answer(request, Wish(url=url, wait_ms=wait_ms), shapes.mastodon)

    return get_mastodon_card
