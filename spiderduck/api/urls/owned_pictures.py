"""`GET /v1/pictures`: does a picture belong to a stored record? Asked by image processes before they fetch for
strangers."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from spiderduck.api.front.keys import READ
from spiderduck.api.services import Services
from spiderduck.lists.withheld_pictures import WithheldPictures
from spiderduck.takedowns.remote import GonePictures

PictureUrl = Annotated[str, QueryParameter(description="The picture's address")]


class PictureOwned(msgspec.Struct, omit_defaults=True):
    """`owned`: a stored page has that picture for its image or icon. `withheld`: why it is given to nobody, where a
    list blocks it or every page that shows it."""

    url: str
    owned: bool
    withheld: str | None = None


def picture_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    withheld = WithheldPictures(services.lookups, services.lists, services.clock)

    @get("/v1/pictures", opt={"scope": READ}, tags=["look-ups"], summary="Does a picture belong to a record?")
    async def is_picture_owned(url: PictureUrl) -> PictureOwned:
        return PictureOwned(url, await services.lookups.owns_picture(url), await withheld.because(url))

    @get(
        "/v1/pictures/gone",
        opt={"scope": READ},
        tags=["look-ups"],
        summary="Which pictures were taken down?",
        description="For image processes, which forget them: digests of addresses (BLAKE2b, 16 bytes, hexadecimal).",
    )
    async def list_gone_pictures(
        known: Annotated[str, QueryParameter(description="The `revision` that the caller has.", max_length=64)] = "",
    ) -> GonePictures:
        in_force = services.lists.takedowns
        revision = await services.takedowns.revision()
        if known == revision:
            return GonePictures(revision)
        return GonePictures(revision, sorted(one.hex() for one in in_force.pictures))

    return [is_picture_owned, list_gone_pictures]
