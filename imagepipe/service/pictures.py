"""GET and HEAD of a variant: the road from a request to the pipeline and back to headers and bytes."""

import asyncio
from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler, route
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from imagepipe.errors import DeadlineExceeded, ImageError, InvalidVariant, NotSigned, SourceNotAllowed
from imagepipe.making import Answer
from imagepipe.pipeline import Pipeline
from imagepipe.registry import Registry
from imagepipe.service.asking import Ask, Reader, check_time
from imagepipe.service.conditional import http_date, is_not_modified
from imagepipe.service.documented import PictureOperation
from imagepipe.service.safety import SAFETY_HEADERS

_VARY = {"Vary": "Accept, Save-Data"}
_CALLERS_FAULT = (NotSigned, InvalidVariant, SourceNotAllowed)
"""No picture stands in for these: whoever wrote the address must see what is wrong with it."""


def picture_handler(registry: Registry, reader: Reader, path: str) -> HTTPRouteHandler:
    """The handler below `path`."""

    @route(
        path + "/{pipeline:str}",
        http_method=["GET", "HEAD"],
        summary="A picture at any size",
        media_type="image/*",
        operation_class=PictureOperation,
    )
    async def get_picture(request: Request[Any, Any, Any], pipeline: FromPath[str]) -> Response[bytes]:
        chosen = registry[pipeline]
        query = request.scope["query_string"].decode("latin-1")
        ask = reader.read(request.scope["path"], query, chosen)
        check_time(ask, registry.clock.now())
        answer, problem = await _answer(chosen, ask, request, registry.config.request_seconds)
        return _response(request, chosen, answer, registry.clock.now(), problem)

    return get_picture


async def _answer(
    pipeline: Pipeline, ask: Ask, request: Request[Any, Any, Any], seconds: float
) -> tuple[Answer, ImageError | None]:
    accept = request.headers.get("accept", "")
    save_data = request.headers.get("save-data", "").lower() == "on"
    try:
        async with asyncio.timeout(seconds):
            found = await pipeline.variant(
                ask.src, ask.variant, accept=accept, preview=ask.preview, save_data=save_data
            )
            return found, None
    except TimeoutError as error:
        raised: ImageError = DeadlineExceeded(f"not ready within {seconds:g} s")
        raised.__cause__ = error
    except _CALLERS_FAULT:
        raise
    except ImageError as error:
        raised = error
    instead = await pipeline.fallback(ask.variant, accept)
    if instead is None:
        raise raised
    return instead, raised


def _response(
    request: Request[Any, Any, Any], pipeline: Pipeline, answer: Answer, now: float, problem: ImageError | None
) -> Response[bytes]:
    finished = answer.finished
    headers = {
        **SAFETY_HEADERS,
        **_VARY,
        "ETag": finished.etag,
        "Last-Modified": http_date(finished.last_modified),
        "Cache-Control": _cache_control(pipeline, answer, now, problem),
        "X-Pipeline-Trace": answer.trace.text,
        "Server-Timing": answer.trace.server_timing,
    }
    if answer.preview:
        headers["X-Pipeline-Preview"] = "1"
    if problem is not None:
        headers["X-Pipeline-Problem"] = problem.code
    asked = request.headers
    if is_not_modified(
        finished.etag, finished.last_modified, asked.get("if-none-match"), asked.get("if-modified-since")
    ):
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers, media_type=None)
    body = finished.rendered.body
    if request.method == "HEAD":
        headers["Content-Length"] = str(len(body))
        body = b""
    return Response(body, status_code=HTTP_200_OK, headers=headers, media_type=finished.rendered.content_type)


def _cache_control(pipeline: Pipeline, answer: Answer, now: float, problem: ImageError | None) -> str:
    if problem is not None:
        return "public, max-age=60"  # long enough to spare the origin, short enough to see it come back
    if answer.preview:
        return "no-store"
    fresh = max(0, int(min(answer.finished.stale_at - now, pipeline.config.max_fresh_seconds)))
    return f"public, max-age={fresh}, stale-while-revalidate={int(pipeline.config.stale_while_revalidate)}"
