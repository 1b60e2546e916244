"""`GET /v1/why`: the whole story of a URL."""

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from schedulers.why import Story, story
from spiderduck.api.front.keys import READ
from spiderduck.api.parameters import A_URL
from spiderduck.api.services import Services
from spiderduck.api.urls.asking import UrlLookup, valid
from spiderduck.lists.judging import Judge


def why_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    urls, judge = UrlLookup(services), Judge(services.lists, services.clock)

    @get(
        "/v1/why",
        opt={"scope": READ},
        tags=["look-ups"],
        summary="Why a URL is what it is",
        description="Every step of its latest fetch: what robots.txt said, how long each part took, which rule gave "
        "each field, what waits and until when, in order; and what the time went into.",
    )
    async def get_why(
        url: Annotated[str, QueryParameter(description="The URL, percent-encoded.", schema_extra=A_URL)],
    ) -> Story:
        asked = valid(url)
        (known,) = await urls.known([asked])
        return story(asked.url, known, judge.verdict(asked.url, known), services.clock.now())

    return [get_why]
