"""Store, purge, mark stale, warm up and rename over HTTP. Guarded; each answers how many pictures it changed."""

from typing import Annotated, Any

from litestar import Request, delete, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from imagepipe.errors import InvalidVariant, PictureTooLarge
from imagepipe.originals.source_rules import normal_source
from imagepipe.pipeline import FromOrigin
from imagepipe.registry import Registry
from imagepipe.service.access import Guard

Src = Annotated[str, QueryParameter(description="The picture's URL")]
OptionalSrc = Annotated[
    str | None, QueryParameter(description="The picture to purge; without `src` and `tag`, all pictures")
]
NAMED = {"errors": (404,)}
"""Options of a call on a pipeline, of which there may be none."""
Tag = Annotated[str | None, QueryParameter(description="Purge the pictures stored with this tag")]


def admin_handlers(registry: Registry, path: str, guard: Guard) -> list[HTTPRouteHandler]:
    """The handlers below `path`."""

    @put(
        path + "/{pipeline:str}/store",
        guards=[guard],
        opt={"body": "bytes", "errors": (404, 413, 415, 422)},
        summary="Store a picture",
        status_code=201,
    )
    async def store_picture(
        request: Request[Any, Any, Any], pipeline: FromPath[str], src: Src, tag: FromQuery[list[str] | None] = None
    ) -> dict[str, int]:
        """What its origin said of it may come along, in the headers in which it said it: `ETag`, `Last-Modified`,
        `Cache-Control`, `Expires`, `Age`."""
        src = normal_source(src)
        body = await _body(request, registry.config.limits.bytes)
        content_type = request.headers.get("content-type", "")
        origin = FromOrigin.of(request.headers.get, registry.clock.now())
        await registry[pipeline].put(src, body, content_type, origin=origin, tags=tuple(tag or ()))
        return {"stored": 1}

    @delete(path + "/{pipeline:str}/store", guards=[guard], opt=NAMED, summary="Purge pictures", status_code=200)
    async def purge_picture(pipeline: FromPath[str], src: OptionalSrc = None, tag: Tag = None) -> dict[str, int]:
        hand = registry[pipeline].admin
        return {"purged": int(await hand.purge(normal_source(src))) if src else await hand.purge_all(tag)}

    @delete(path + "/store", guards=[guard], summary="Purge every pipeline", status_code=200)
    async def purge_all_pictures(tag: Tag = None) -> dict[str, int]:
        return {"purged": sum([await each.admin.purge_all(tag) for each in registry.pipelines.values()])}

    @post(path + "/{pipeline:str}/stale", guards=[guard], opt=NAMED, summary="Mark a picture stale", status_code=200)
    async def mark_picture_stale(pipeline: FromPath[str], src: Src) -> dict[str, int]:
        return {"marked": int(await registry[pipeline].admin.mark_stale(normal_source(src)))}

    @post(
        path + "/{pipeline:str}/warm", guards=[guard], opt=NAMED, summary="Make variants in idle time", status_code=202
    )
    async def warm_picture(
        pipeline: FromPath[str], src: Src, variant: FromQuery[list[str] | None] = None
    ) -> dict[str, int]:
        """`variant` is a query such as `w=680&format=webp`, once for each; without it the configured list is made."""
        return {"queued": registry[pipeline].warm(src, variant)}

    @post(path + "/{pipeline:str}/rename", guards=[guard], opt=NAMED, summary="Rename a picture", status_code=200)
    async def rename_picture(pipeline: FromPath[str], src: Src, to: FromQuery[str]) -> dict[str, int]:
        src, to = normal_source(src), normal_source(to)
        return {"renamed": int(await registry[pipeline].admin.rename(src, to))}

    return [store_picture, purge_picture, purge_all_pictures, mark_picture_stale, warm_picture, rename_picture]


async def _body(request: Request[Any, Any, Any], most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise PictureTooLarge(f"more than {most} bytes")
    if not body:
        raise InvalidVariant("body: the picture's bytes")
    return bytes(body)
