"""The one table from this package's errors to HTTP statuses, and their answer as RFC 9457 problem details."""

import math
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from groundwork.clock import Clock
from groundwork.problems import MEDIA_TYPE, problem
from imagepipe import errors
from imagepipe.service.response import SAFETY_HEADERS

STATUS: dict[type[errors.ImageError], HTTPStatus] = {
    errors.UnsupportedFormat: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.BrokenPicture: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PictureTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.InvalidVariant: HTTPStatus.BAD_REQUEST,
    errors.EncodeFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.RenderTimedOut: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DecoderCrashed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Busy: HTTPStatus.TOO_MANY_REQUESTS,
    errors.DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
    errors.SourceFailed: HTTPStatus.BAD_GATEWAY,
    errors.SourceNotAllowed: HTTPStatus.FORBIDDEN,
    errors.SourceBlocked: HTTPStatus.FORBIDDEN,
    errors.RecordsUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotSigned: HTTPStatus.FORBIDDEN,
    errors.UnknownPipeline: HTTPStatus.NOT_FOUND,
    errors.InvalidSetting: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_KEPT = (401, 403, 404, 410, 451)
"""Answers of an origin that are about the picture, and keep their meaning."""
_BY_STATUS = {429: HTTPStatus.SERVICE_UNAVAILABLE, 503: HTTPStatus.SERVICE_UNAVAILABLE, 504: HTTPStatus.GATEWAY_TIMEOUT}
"""Its troubles; all others are 502. Not 404, which CDNs keep and search engines believe."""
_PAUSE = 30
"""Seconds of `Retry-After` where an origin is in trouble and does not say for how long."""
_BY_ENDING = {
    "not_found": HTTPStatus.NOT_FOUND,
    "robots_denied": HTTPStatus.FORBIDDEN,
    "blocked_address": HTTPStatus.FORBIDDEN,
    "blocked_domain": HTTPStatus.FORBIDDEN,
    "unsupported_scheme": HTTPStatus.FORBIDDEN,
    "invalid_url": HTTPStatus.BAD_REQUEST,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "timed_out": HTTPStatus.GATEWAY_TIMEOUT,
    "late": HTTPStatus.SERVICE_UNAVAILABLE,
}


_SOON = errors.RenderTimedOut | errors.DeadlineExceeded | errors.RecordsUnavailable


def status_of(error: errors.ImageError) -> HTTPStatus:
    """The HTTP status of an error; a source's own ending is more precise than 502."""
    if isinstance(error, errors.SourceFailed):
        if error.status in _KEPT:
            return HTTPStatus(error.status)
        if error.status in _BY_STATUS:
            return _BY_STATUS[error.status]
        return _BY_ENDING.get(error.ending, STATUS[errors.SourceFailed])
    return STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_answer(error: errors.ImageError, clock: Clock) -> Response[bytes]:
    """The error as `application/problem+json`, with `Retry-After` where a moment is known."""
    status = status_of(error)
    body = problem(status.value, error.code, status.phrase, str(error), retryable=error.retryable)
    headers = {**SAFETY_HEADERS, "Cache-Control": "no-store"}
    wait = _wait(error, clock)
    if wait is not None:
        headers["Retry-After"] = str(wait)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _wait(error: errors.ImageError, clock: Clock) -> int | None:
    if isinstance(error, errors.Busy):
        return max(1, math.ceil(error.retry_after))
    if isinstance(error, errors.SourceFailed) and status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _PAUSE if error.retry_at is None else max(1, math.ceil(error.retry_at - clock.now()))
    return 1 if isinstance(error, _SOON) else None


def handler_for(clock: Clock) -> Any:
    """A Litestar exception handler for `ImageError`."""

    def answer(_request: Request[Any, Any, Any], error: errors.ImageError) -> Response[bytes]:
        return problem_answer(error, clock)

    return answer


def refusal(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The framework's own refusals and the guards', in the same form; for the server that stands alone."""
    body = problem(error.status_code, f"http_{error.status_code}", "Refused", error.detail)
    headers = {**SAFETY_HEADERS, **(error.headers or {}), "Cache-Control": "no-store"}
    return Response(body, status_code=error.status_code, media_type=MEDIA_TYPE, headers=headers)
