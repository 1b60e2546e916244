"""Placeholder data of a picture: what a page needs before the picture is there."""

import asyncio
from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from imagepipe.errors import DeadlineExceeded
from imagepipe.registry import Registry
from imagepipe.service.access import Gate
from imagepipe.service.documented import ERRORS, PictureOperation
from imagepipe.service.request import RequestReader, check_time


def info_handler(registry: Registry, reader: RequestReader, gate: Gate, path: str) -> HTTPRouteHandler:
    """The handler below `path`."""

    @get(
        path + "/{pipeline:str}/info",
        summary="A picture's size, main colour and BlurHash",
        operation_class=PictureOperation,
        opt={"errors": ERRORS},
    )
    async def get_picture_info(request: Request[Any, Any, Any], pipeline: FromPath[str]) -> dict[str, object]:
        chosen = registry[pipeline]
        scope = request.scope
        ask, _, _ = reader.read(scope["path"], scope["query_string"], chosen, "", False)
        check_time(ask, registry.clock.now())
        requester = await gate.admit(request, chosen, ask, cached=chosen.variants.tier.has(ask.src))
        try:
            async with asyncio.timeout(registry.config.request_seconds):
                found = await chosen.placeholder(ask.src, requester)
        except TimeoutError as error:
            raise DeadlineExceeded(f"not ready within {registry.config.request_seconds:g} s") from error
        return {
            "src": ask.src,
            "format": found.info.format,
            "content_type": found.content_type,
            "width": found.info.width,
            "height": found.info.height,
            "frames": found.info.frames,
            "bytes": found.length,
            "colour": found.colour,
            "blurhash": found.blurhash,
            "thumbhash": found.thumbhash,
        }

    return get_picture_info
