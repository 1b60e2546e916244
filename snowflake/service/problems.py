"""Errors as RFC 9457 problem details: the one table from an error of this package to an HTTP status."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from groundwork.problems import MEDIA_TYPE, problem
from snowflake.errors import BadConfiguration, InvalidId, SnowflakeError, TimeOutOfRange

_OF_THE_CALLER = (BadConfiguration, InvalidId, TimeOutOfRange)
_RETRY_AFTER_SECONDS = "1"


def answer(request: Request[Any, Any, Any], error: SnowflakeError) -> Response[bytes]:
    """400 where the caller can mend it; 503 where ids cannot be given now, with `Retry-After` where waiting helps."""
    if isinstance(error, _OF_THE_CALLER):
        return _problem(400, "Bad request", str(error), error.code)
    headers = {"Retry-After": _RETRY_AFTER_SECONDS} if error.retryable else {}
    return _problem(503, "No ids at the moment", str(error), error.code, headers)


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The framework's own refusals, in the same form; for the standalone server."""
    extra = error.extra if isinstance(error.extra, list) else []
    details = "; ".join(str(one.get("message", one)) if isinstance(one, dict) else str(one) for one in extra)
    detail = f"{error.detail}: {details}" if details else error.detail
    return _problem(error.status_code, "Refused", detail, f"http_{error.status_code}")


def _problem(status: int, title: str, detail: str, code: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    body = problem(status, code, title, detail)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)
