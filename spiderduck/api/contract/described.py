"""The OpenAPI document: what the framework knows of our calls, and what it cannot know.

Added here: which scope a key needs (`front/keys.py`), which errors a call has and that each is a problem
(`problems.py`), and the true shapes of bodies (`shapes.py`). The framework describes its own shape of an error for each
call that takes parameters, which no call of ours answers with. Nothing is described that is not sent.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import Method

from groundwork.front.browsers import SAFE
from spiderduck.api.contract.problems import ERRORS, PROBLEM_TYPE, Problem
from spiderduck.api.contract.shapes import BESIDE, components
from spiderduck.api.front.browsers import OWN_PAGES
from spiderduck.api.front.keys import ANY_KEY, ScopeGuard
from spiderduck.api.front.retries import LONGEST, PATTERN, RETRIES

SAID_BY_THE_FRAMEWORK = "Validation Exception"
UNREADABLE = "The request is not valid; `detail` says why"
PROBLEM = "#/components/schemas/Problem"
REQUEST_BODY = "request_body"
"""A handler's option: how the document describes a body that the handler reads itself."""
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own for this request. Sent again with the same body, it changes nothing more and "
    "gets the answer of the first, with `Idempotent-Replayed: true`; with another body it is a 422, and a 409 while "
    "the first is being worked on. Kept for `retention.events_days`, for requests that went well.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": PATTERN},
}
ANY_CALL, WITH_KEY, FROM_PAGES, WITH_BODY, REPEATABLE = {400, 503}, {401, 403, 429}, {403}, {413, 415}, {409, 422}
MEANING: dict[int, str] = {
    400: UNREADABLE,
    401: "No key, or one that is not known or has expired",
    403: "The key lacks the scope, a web page of another origin asks, or what is asked for is given to nobody",
    404: "There is nothing of that name, or nothing to show",
    409: "It contradicts what is there, or the first request with this Idempotency-Key is being worked on",
    410: "The picture's origin says that it is gone",
    413: "The body, or the picture, is too large",
    415: "The body is of another kind than this call takes",
    422: "It can be read and cannot be done, or the Idempotency-Key came with another request before",
    429: "Too many calls with this key, or too many wrong keys; see `Retry-After`",
    451: "The picture's origin may not give it, for legal reasons",
    500: "An internal error; the server's log has it under the `X-Request-Id`",
    501: "Not implemented, or not installed",
    502: "The site failed; `code` says how",
    503: "Not at the moment; see `Retry-After`",
    504: "It was not ready in time",
}
"""Of the statuses of errors, where a call has no words of its own for one."""
RESPONSES = "response_types"
"""A handler's option: the types of answers that are not in its signature."""


def operation_id(handler: HTTPRouteHandler, method: Method, components: Sequence[object]) -> str:
    """A call's name in generated clients: that of its handler, which is chosen to read well there. At a further path of
    the same handler the path stands behind it."""
    name, path = handler.handler_name, "/".join(map(str, components))
    if len(handler.paths) > 1 and f"/{path}" != min(handler.paths):
        name = f"{name}_{re.sub(r'[^A-Za-z0-9]+', '_', path)}"
    return f"{name}_head" if str(getattr(method, "value", method)) == "HEAD" else name


def document_of(app: Litestar) -> dict[str, Any]:
    """The whole document."""
    document = app.openapi_schema.to_schema()
    _add_true_shapes(document, app)
    _add_true_errors(document)
    _say_what_parameters_take(document)
    for handler, operation in _operations(document, app):
        scope = handler.opt.get("scope") or _scope_of(handler.guards or ())
        if scope is not None:
            operation["security"] = [{"key": [scope]}]
        elif handler.opt.get(ANY_KEY):
            operation["security"] = [{"key": []}]
        if (body := handler.opt.get(REQUEST_BODY)) is not None:
            operation["requestBody"] = body
        elif (data := handler.parsed_fn_signature.parameters.get("data")) is not None and data.has_default:
            operation["requestBody"]["required"] = False
        if RETRIES in handler.opt:
            operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        _add_errors(operation, _errors_of(handler, operation))
    return document


def _errors_of(handler: HTTPRouteHandler, operation: dict[str, Any]) -> set[int]:
    """The statuses of what a call can be refused with: for what it is, and what its handler names."""
    found = {*ANY_CALL, *handler.opt.get(ERRORS, ())}
    if "security" in operation:
        found |= WITH_KEY
    if handler.opt.get(OWN_PAGES) or not {str(one) for one in handler.http_methods} <= SAFE:
        found |= FROM_PAGES
    if "requestBody" in operation:
        found |= WITH_BODY
    return found | REPEATABLE if RETRIES in handler.opt else found


def _add_errors(operation: dict[str, Any], statuses: set[int]) -> None:
    """Beside those that the handler describes in words of its own."""
    responses = operation["responses"]
    other = responses.pop("default")
    for status in sorted(statuses):
        responses.setdefault(str(status), {"description": MEANING[status], "content": other["content"]})
    responses["default"] = other


def _operations(document: dict[str, Any], app: Litestar) -> Iterator[tuple[HTTPRouteHandler, dict[str, Any]]]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        described = document["paths"].get(route.path_format, {})
        for handler in route.route_handlers:
            for method in handler.http_methods:
                operation = described.get(str(getattr(method, "value", method)).lower())
                if operation is not None:
                    yield handler, operation


def _scope_of(guards: Sequence[object]) -> str | None:
    return next((guard.scope for guard in guards if isinstance(guard, ScopeGuard)), None)


def _add_true_shapes(document: dict[str, Any], app: Litestar) -> None:
    """msgspec encodes and decodes the bodies, so its schemas are the true ones; the framework's leave out formats,
    descriptions, and what is stored as JSON."""
    types: list[Any] = [Problem, *BESIDE]
    for handler, _ in _operations(document, app):
        signature = handler.parsed_fn_signature
        types += [signature.return_type.raw, *handler.opt.get(RESPONSES, ())]
        types += [one.raw for name, one in signature.parameters.items() if name == "data"]
    document.setdefault("components", {}).setdefault("schemas", {}).update(components(types))


def _add_true_errors(document: dict[str, Any]) -> None:
    content = {PROBLEM_TYPE: {"schema": {"$ref": PROBLEM}}}
    for path in document["paths"].values():
        for operation in path.values():
            if "responses" not in operation:
                continue
            responses = operation["responses"]
            for status, response in list(responses.items()):
                if _is_the_frameworks(response):
                    responses[status] = {"description": UNREADABLE, "content": content}
            responses["default"] = {
                "description": "Any other error; `code` identifies it and does not change",
                "content": content,
            }


def _say_what_parameters_take(document: dict[str, Any]) -> None:
    """No parameter can be null: it is left out. And OpenAPI has `Content-Type` elsewhere."""
    for path in document["paths"].values():
        for operation in path.values():
            if "parameters" in operation:
                kept = [one for one in operation["parameters"] if one["name"].lower() != "content-type"]
                operation["parameters"] = [{**one, "schema": _without_null(one.get("schema", {}))} for one in kept]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("oneOf", ())
    others = [one for one in kinds if one != {"type": "null"}]
    if len(others) == 1 and len(kinds) == 2:
        rest = {name: value for name, value in schema.items() if name != "oneOf"}
        return {**others[0], **rest}
    if isinstance(schema.get("type"), list):
        values = [one for one in schema.get("enum", ()) if one is not None]
        (kind,) = (one for one in schema["type"] if one != "null")
        return {**schema, "type": kind, **({"enum": values} if values else {})}
    return schema


def _is_the_frameworks(response: dict[str, Any]) -> bool:
    shapes = [one.get("schema", {}) for one in response.get("content", {}).values()]
    return any(shape.get("description") == SAID_BY_THE_FRAMEWORK for shape in shapes)
