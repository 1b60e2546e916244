"""Errors as RFC 9457 problem details. The one table from an exception to an HTTP status."""

import logging
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec

from fetchers.errors import CoordinatorUnavailable, FetcherUnavailable
from groundwork import problems
from groundwork.workers.interface import WorkersBusy
from schedulers.errors import EventTooLarge, InvalidUrl, NothingShared, UnreadableEvent
from spiderduck.api.parameters import IN_WORDS, shortened
from spiderduck.content.readable_text import Unreadable
from spiderduck.errors import (
    BadQuery,
    BadSetting,
    HandedOutElsewhere,
    NoPast,
    NotHandedOut,
    NotInstalled,
    StoreUnavailable,
    TooManyQueues,
    UnknownQueue,
)
from spiderduck.stores.errors import NotInOrder, StatementRefused
from spiderduck.webhooks.errors import BadReceiver, NoSecretKey, NotTried, TooManyWebhooks, UnknownWebhook

log = logging.getLogger(__name__)

STATUS: dict[type[Exception], int] = {
    UnreadableEvent: 400,
    EventTooLarge: 422,
    NothingShared: 422,
    InvalidUrl: 400,
    BadSetting: 400,
    NotHandedOut: 400,
    HandedOutElsewhere: 409,
    NoPast: 400,
    NotInOrder: 400,
    UnknownQueue: 404,
    TooManyQueues: 409,
    StoreUnavailable: 503,
    Unreadable: 422,
    NotInstalled: 501,
    BadQuery: 422,
    WorkersBusy: 503,
    StatementRefused: 503,  # nothing that the caller could change: the operator reads the same sentence in the log
    FetcherUnavailable: 503,
    CoordinatorUnavailable: 503,
    UnknownWebhook: 404,
    TooManyWebhooks: 409,
    BadReceiver: 422,
    NoSecretKey: 503,
    NotTried: 503,
}
WORDS: Mapping[str, str] = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
SAID: Mapping[str, str] = {
    "Expected": "takes",
    "Number out of range": "is a number out of range",
    "Object missing required field": "lacks",
    "Object contains unknown field": "has the unknown field",
    "Invalid enum value": "takes other values than",
}
KINDS = re.compile(rf"`(?:{'|'.join(WORDS)})(?: \| (?:{'|'.join(WORDS)}))*`")
MISSING = re.compile(r"Missing required ([a-z]+ parameter) '([^']{1,100})' for ")
RETRY_AFTER_SECONDS = "5"
PROBLEM_TYPE = problems.MEDIA_TYPE
ERRORS = "errors"
"""A handler's option: the statuses of errors, as numbers, that its scope, body and parameters do not tell of
(`described.py`)."""
ANY_BYTES = ResponseSpec(bytes, generate_examples=False, media_type="*/*", description="The body, unchanged")
"""How the OpenAPI document calls an answer that is none of ours."""


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong. `type` and `code` are stable; `detail` is for people and says what to do."""

    status: int
    title: str
    detail: str
    code: str
    type: str


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for everything."""
    status = STATUS.get(type(error), 500)
    if isinstance(error, HTTPException):
        handler = request.scope.get("route_handler")
        status, detail, code = error.status_code, error.detail, _code_of(error)
        if detail == HTTPStatus(status).phrase:
            detail = _of_path(status, request, detail)
        if extra := error.extra:
            detail = "; ".join(_readable(one, handler) for one in extra)
        elif missing := MISSING.match(detail):
            detail = f"the {missing[1]} {missing[2]} is missing"
    elif status == 500:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        detail, code = "internal error; the server's log has the details", "internal_error"
    else:
        detail, code = str(error), getattr(error, "code", "error")
        if isinstance(error, StatementRefused):
            log.error("%s %s: %s", request.method, request.url.path, error)
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status == 503 else None
    if isinstance(error, HTTPException) and error.headers:
        headers = {**(headers or {}), **error.headers}
    return problem(status, detail, code, headers)


def problem(status: int, detail: str, code: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A problem as an answer."""
    detail = detail.encode("utf-8", "replace").decode()  # a lone surrogate of the caller's has no place in JSON
    body = problems.problem(status, code, TITLES.get(status, "Error"), detail)
    return Response(body, status_code=status, media_type=PROBLEM_TYPE, headers=headers)


TITLES = {
    400: "Bad request",
    401: "Authentication required",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not acceptable as it is",
    429: "Too many requests",
    500: "Internal error",
    501: "Not available here",
    502: "Upstream error",
    503: "Not available at the moment",
    504: "Timed out",
}
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "too_many_requests",
}


def _of_path(status: int, request: Request[Any, Any, Any], detail: str) -> str:
    """What to say where the framework says nothing but the status."""
    if status == 404:
        return f"there is nothing at {shortened(request.url.path)}; /docs and /openapi.json tell what there is"
    if status == 405:
        path = shortened(request.url.path)
        return f"{path} does not take {shortened(request.method)}; /docs and /openapi.json tell which methods it takes"
    return detail


def _code_of(error: HTTPException) -> str:
    return getattr(error, "code", None) or CODES.get(error.status_code, "http_error")


def _readable(extra: object, handler: Any) -> str:
    if isinstance(extra, dict):
        message = str(extra.get("message", ""))
        if message == "'data'":
            return "there is no body; send one as JSON (curl --json)"
        words = next((words for pattern, words in IN_WORDS.items() if repr(pattern) in message), None)
        key = str(extra.get("key", "")).replace("data", "the body", 1)
        if values := _values(handler, key) if message.startswith("Invalid enum value") else "":
            words = f"takes {values}"
        return f"{key} {words or _plain(message)}".strip()
    return str(extra)


def _values(handler: Any, name: str) -> str:
    """Those that a parameter takes which takes certain ones."""
    field = None if handler is None else handler.parsed_fn_signature.parameters.get(name)
    kinds = () if field is None else (field, *field.inner_types)
    found = [value for one in kinds for value in (one.args if one.is_literal else _members(one.annotation))]
    return ", ".join(map(str, found))


def _members(kind: object) -> Iterable[object]:
    return [one.value for one in kind] if isinstance(kind, type) and issubclass(kind, Enum) else ()


def _plain(message: str) -> str:
    """A sentence of the decoder's, without the names that Python has for types."""
    said = KINDS.sub(lambda kinds: " or ".join(WORDS[kind] for kind in kinds[0].strip("`").split(" | ")), message)
    for theirs, ours in SAID.items():
        said = said.replace(theirs, ours, 1)
    return said
