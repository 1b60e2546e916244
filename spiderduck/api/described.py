"""What the OpenAPI document says of errors: that every call answers them as problem details (`problems.py`).

The framework describes its own shape of an error for each call that takes parameters, which no call of ours answers
with. Its one rule: nothing is described that is not sent.
"""

from typing import Any

import msgspec

from spiderduck.api.problems import PROBLEM_TYPE, Problem

SAID_BY_THE_FRAMEWORK = "Validation Exception"
UNREADABLE = "The request cannot be read; `detail` says why"
PROBLEM = "#/components/schemas/Problem"


def with_true_errors(document: dict[str, Any]) -> dict[str, Any]:
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
                    responses[status] = {
                        "description": "The request cannot be read; `detail` says why",
                        "content": content,
                    }
            responses["default"] = {"description": "Any other error; `code` is stable", "content": content}
    return document


def _is_the_frameworks(response: dict[str, Any]) -> bool:
    shapes = [one.get("schema", {}) for one in response.get("content", {}).values()]
    return any(shape.get("description") == SAID_BY_THE_FRAMEWORK for shape in shapes)
