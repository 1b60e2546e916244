"""What each problem means: `/problems/CODE`, where a problem's `type` leads, and the documentation.

Most problems are errors of a class, whose docstring says what happened; the others stand in `OTHERS`. What a caller can
do stands in each problem's own `detail`.
"""

import inspect
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fetchers.model import Ending
from groundwork.problems import TYPE_PREFIX
from imagepipe.service.problems import STATUS as OF_PICTURES
from snowflake import errors as of_ids
from spiderduck.api.contract.problems import CODES, STATUS
from spiderduck.api.front.retries import KeyReused, NoAnswerYet
from spiderduck.api.parameters import shortened
from spiderduck.api.urls.archived_pages import ContentBlocked, NotUploaded, UsageRefused
from spiderduck.console.pages import document

OTHERS: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "A parameter, a header or the body is not what this call takes; `detail` names it."),
    "unauthorized": (401, "The call needs a key: `Authorization: Bearer KEY`. `spiderduck keys create` makes one."),
    "forbidden": (403, "The key lacks the scope that this call needs; `WWW-Authenticate` names it."),
    "foreign_origin": (403, "A web page of another origin asks. `api.origins` says which origins may."),
    "not_found": (404, "There is nothing at this address, or nothing of this id or name."),
    "method_not_allowed": (405, "The address does not take this method; `Allow` says which it takes."),
    "request_timeout": (408, "The head of the request did not come in time."),
    "conflict": (409, "What is there contradicts the request."),
    "too_large": (413, "The body is larger than `api.most_event_bytes`, or the picture than may be stored."),
    "unsupported_media_type": (415, "The body is JSON; send `Content-Type: application/json`, as `curl --json` does."),
    "misdirected_request": (421, "The `Host` is no name of this server; `api.hosts` says which names are."),
    "unprocessable": (422, "The request can be read and cannot be done; `detail` says why."),
    "too_many_requests": (429, "More calls came than this key or address may make; `Retry-After` says when to go on."),
    "request_header_fields_too_large": (431, "The head of the request is larger than 64 KB."),
    "internal_error": (500, "An internal error. The server's log has the details, under the answer's `X-Request-Id`."),
    "http_error": (500, "Another refusal of HTTP itself; `status` says which."),
    "format_not_implemented": (501, "Only oEmbed's JSON is given; leave `format` out."),
    "service_unavailable": (503, "There are as many connections as there may be; try again after `Retry-After`."),
    "stopping": (503, "This process is shutting down; try again, and another or the next one answers."),
    "starting": (503, "This process still waits for an engine; `GET /readyz` says for which. Try again."),
    "late": (503, "The turn of the URL's domain comes too late for this call; `Retry-After` says when."),
}
"""Codes that no class has. The status is the usual one."""
OF_FETCHES = "The direct fetch ended so; the endings are explained in the reference of endings."


class ProblemMeaning(msgspec.Struct):
    """One kind of problem: its stable code, the HTTP status that usually comes with it, and what happened."""

    code: str
    type: str
    status: int
    title: str
    meaning: str


def reference() -> dict[str, ProblemMeaning]:
    """All kinds by code, in the order of their statuses."""
    found = {code: (status, meaning) for code, status, meaning in _of_classes()}
    fetches = {ending.value: (502, OF_FETCHES) for ending in Ending}
    known = {**fetches, **found, **OTHERS}
    return {
        code: ProblemMeaning(code, TYPE_PREFIX + code, status, HTTPStatus(status).phrase, meaning)
        for code, (status, meaning) in sorted(known.items(), key=lambda item: (item[1][0], item[0]))
    }


def _of_classes() -> Iterator[tuple[str, int, str]]:
    answered: tuple[tuple[type[Exception], int], ...] = (
        *STATUS.items(),
        *OF_PICTURES.items(),
        (KeyReused, 422),
        (NoAnswerYet, 409),
        (UsageRefused, 403),
        (ContentBlocked, 403),
        (NotUploaded, 503),
    )
    for error, status in answered:
        code = getattr(error, "code", None) or CODES[int(status)]
        yield code, int(status), _meaning(error)
    for error in vars(of_ids).values():
        if inspect.isclass(error) and issubclass(error, of_ids.SnowflakeError) and error is not of_ids.SnowflakeError:
            yield error.code, 503, _meaning(error)


def _meaning(error: type[Exception]) -> str:
    return " ".join((inspect.getdoc(error) or "").partition("\n\n")[0].split())


def problem_routes() -> list[HTTPRouteHandler]:
    """The handlers."""
    known = reference()
    page = document("problems")

    def shown(request: Request[Any, Any, Any], found: ProblemMeaning | list[ProblemMeaning]) -> Response[Any]:
        """For a person in a browser, else for a program."""
        if "text/html" in request.headers.get("accept", ""):
            return page
        return Response(found, media_type=MediaType.JSON)

    @get(["/problems", "/problems.json"], include_in_schema=False)
    async def list_problems(request: Request[Any, Any, Any]) -> Response[Any]:
        return shown(request, list(known.values()))

    @get("/problems/{code:str}", include_in_schema=False)
    async def get_problem(request: Request[Any, Any, Any], code: FromPath[str]) -> Response[Any]:
        if code not in known:
            raise NotFoundException(f"there is no problem {shortened(code)}; /problems lists them all")
        return shown(request, known[code])

    return [list_problems, get_problem]
