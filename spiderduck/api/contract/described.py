"""The OpenAPI document: what the framework knows of our calls, and what it cannot know.

Added here: which scope a key needs (`front/keys.py`), that every error is a problem (`problems.py`), and the true
shapes of bodies (`shapes.py`). The framework describes its own shape of an error for each call that takes parameters,
which no call of ours answers with. Nothing is described that is not sent.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import Method

from spiderduck.api.contract.problems import PROBLEM_TYPE, Problem
from spiderduck.api.contract.shapes import BESIDE, components
from spiderduck.api.front.keys import ScopeGuard
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
        if (body := handler.opt.get(REQUEST_BODY)) is not None:
            operation["requestBody"] = body
        elif (data := handler.parsed_fn_signature.parameters.get("data")) is not None and data.has_default:
            operation["requestBody"]["required"] = False
        if RETRIES in handler.opt:
            operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    return document


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
