"""What each client reads of a refusal: a problem as everywhere, with the members that this client looks for.

So for every refusal of such a call, whoever makes it: a missing key, a bad parameter, a link without a preview.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException

from spiderduck.api.contract.problems import answer

Members = Callable[[int, str], dict[str, Any]]
"""Of a status and a sentence."""

MATRIX_CODES = {
    400: "M_INVALID_PARAM",
    401: "M_UNKNOWN_TOKEN",
    403: "M_FORBIDDEN",
    404: "M_NOT_FOUND",
    429: "M_LIMIT_EXCEEDED",
}


class NoPreview(NotFoundException):
    """Nothing can be shown for the link, now and later."""

    code = "not_found"


class NotYet(HTTPException):
    """The link is on its way; `Retry-After` says when to ask again."""

    status_code = 503
    code = "late"


class OtherFormat(HTTPException):
    """oEmbed in XML."""

    status_code = 501
    code = "format_not_implemented"


def iframely_members(_: int, detail: str) -> dict[str, Any]:
    """Outline takes whatever has no `error` for a preview."""
    return {"error": detail}


def matrix_members(status: int, detail: str) -> dict[str, Any]:
    """The standard error of the client-server API."""
    return {"errcode": MATRIX_CODES.get(status, "M_UNKNOWN"), "error": detail}


def refusing(members: Members) -> dict[Any, Any]:
    """The exception handlers of a call whose client reads `members`."""

    def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        told = answer(request, error)
        problem = msgspec.json.decode(told.content)
        told.content = msgspec.json.encode({**problem, **members(problem["status"], problem["detail"])})
        return told

    return {Exception: refuse}
