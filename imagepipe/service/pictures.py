"""GET and HEAD of a variant: the road from a request to the pipeline and back to headers and bytes.

A variant that is in the rendered tier takes the short road: nothing is parsed, negotiated or formatted twice.
"""

import asyncio
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler, route
from litestar.params import FromPath
from litestar.types import ASGIApp

from imagepipe.errors import DeadlineExceeded, ImageError, InvalidVariant, NotSigned, SourceBlocked, SourceNotAllowed
from imagepipe.model import VariantResult
from imagepipe.originals.load import Requester
from imagepipe.pipeline import Pipeline
from imagepipe.registry import Registry
from imagepipe.rendering.render import FIRST_FRAME
from imagepipe.service.access import Gate
from imagepipe.service.documented import ERRORS, PictureOperation
from imagepipe.service.request import Client, PictureRequest, RequestReader, check_time
from imagepipe.service.response import Headers, Moment, WireAnswer, cache_control, http_date, is_not_modified

_CALLERS_FAULT = (NotSigned, InvalidVariant, SourceNotAllowed, SourceBlocked)
"""No picture stands in for these: whoever wrote the address must see what is wrong with it."""


def picture_handler(registry: Registry, reader: RequestReader, gate: Gate, path: str) -> HTTPRouteHandler:
    """The handler below `path`."""

    @route(
        path + "/{pipeline:str}",
        http_method=["GET", "HEAD"],
        summary="A picture at any size",
        media_type="image/*",
        operation_class=PictureOperation,
        opt={"errors": ERRORS},
    )
    async def get_picture(request: Request[Any, Any, Any], pipeline: FromPath[str]) -> ASGIApp:
        chosen = registry[pipeline]
        scope = request.scope
        client = Client.of(scope["headers"])
        ask, wish, key = reader.read(scope["path"], scope["query_string"], chosen, client.accept, client.save_data)
        check_time(ask, registry.clock.now())
        here = chosen.variants.tier.has(ask.src)
        requester = await gate.admit(request, chosen, ask, cached=here)
        answer, problem = chosen.cached(ask.src, wish, key, requester), None
        if answer is None:
            answer, problem = await _make(chosen, ask, client, registry.config.request_seconds, requester)
        moment = Moment(registry.clock.now(), None if ask.expires is None else int(ask.expires))
        kept_for = cache_control(chosen.config, answer, moment, stands_in=problem is not None)
        return _respond(request.method, client, answer, kept_for, problem)

    return get_picture


async def _make(
    pipeline: Pipeline, ask: PictureRequest, client: Client, seconds: float, requester: Requester
) -> tuple[VariantResult, ImageError | None]:
    """The answer, or the picture that stands in for it and why."""
    try:
        async with asyncio.timeout(seconds):
            found = await pipeline.variant(
                ask.src,
                ask.variant,
                accept=client.accept,
                preview=ask.preview,
                save_data=client.save_data,
                requester=requester,
            )
            return found, None
    except TimeoutError as error:
        raised: ImageError = DeadlineExceeded(f"not ready within {seconds:g} s")
        raised.__cause__ = error
    except _CALLERS_FAULT:
        raise
    except ImageError as error:
        raised = error
    instead = await pipeline.fallback(ask.variant, client.accept, client.save_data, requester)
    if instead is None:
        raise raised
    return instead, raised


def _respond(
    method: str, client: Client, found: VariantResult, kept_for: bytes, problem: ImageError | None
) -> WireAnswer:
    headers = [
        *_validators(found.etag, int(found.last_modified)),
        (b"cache-control", kept_for),
        (b"x-pipeline-trace", found.trace.text.encode("latin-1", "replace")),
        (b"server-timing", found.trace.server_timing.encode("latin-1", "replace")),
    ]
    if found.preview:
        headers.append((b"x-pipeline-preview", b"1"))
    if problem is not None:
        headers.append((b"x-pipeline-problem", problem.code.encode()))
    elif FIRST_FRAME in found.rendered.problems:
        headers.append((b"x-pipeline-problem", FIRST_FRAME.encode()))
    if client.conditional and is_not_modified(
        found.etag, found.last_modified, client.if_none_match, client.if_modified_since
    ):
        return WireAnswer(HTTPStatus.NOT_MODIFIED, headers, b"")
    body = found.rendered.body
    headers.append((b"content-type", found.rendered.content_type.encode()))
    headers.append((b"content-length", b"%d" % len(body)))
    return WireAnswer(HTTPStatus.OK, headers, b"" if method == "HEAD" else body)


@lru_cache(8192)
def _validators(etag: str, modified_at: int) -> Headers:
    return [(b"etag", etag.encode()), (b"last-modified", http_date(modified_at).encode())]
