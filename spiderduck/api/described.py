"""What the framework cannot know of our calls, added to its OpenAPI document: which scope a key needs (`keys.py`), and
that every error is a problem (`problems.py`).

The framework describes its own shape of an error for each call that takes parameters, which no call of ours answers
with. Nothing is described that is not sent.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Litestar
from litestar.routes import HTTPRoute

from spiderduck.api.keys import ScopeGuard
from spiderduck.api.problems import PROBLEM_TYPE, Problem

SAID_BY_THE_FRAMEWORK = "Validation Exception"
UNREADABLE = "The request cannot be read; `detail` says why"
PROBLEM = "#/components/schemas/Problem"


def document_of(app: Litestar) -> dict[str, Any]:
    """The whole document."""
    return _with_scopes(_with_true_errors(app.openapi_schema.to_schema()), app)


def _with_scopes(document: dict[str, Any], app: Litestar) -> dict[str, Any]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            scope = handler.opt.get("scope") or _scope_of(handler.guards or ())
            for method in handler.http_methods if scope is not None else ():
                operation = document["paths"].get(route.path_format, {}).get(method.lower())
                if operation is not None:
                    operation["security"] = [{"key": [scope]}]
    return document


def _scope_of(guards: Sequence[object]) -> str | None:
    return next((guard.scope for guard in guards if isinstance(guard, ScopeGuard)), None)


def _with_true_errors(document: dict[str, Any]) -> dict[str, Any]:
    """`document`, each operation of which has its errors as `Problem`s."""
    _, shapes = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    document.setdefault("components", {}).setdefault("schemas", {}).update(shapes)
    content = {PROBLEM_TYPE: {"schema": {"$ref": PROBLEM}}}
    for path in document["paths"].values():
        for operation in path.values():
            if "responses" not in operation:
                continue
            responses = operation["responses"]
            for status, response in list(responses.items()):
                if _is_the_frameworks(response):
                    responses[status] = {"description": UNREADABLE, "content": content}
            responses["default"] = {"description": "Any other error; `code` is stable", "content": content}
    return document


def _is_the_frameworks(response: dict[str, Any]) -> bool:
    shapes = [one.get("schema", {}) for one in response.get("content", {}).values()]
    return any(shape.get("description") == SAID_BY_THE_FRAMEWORK for shape in shapes)
