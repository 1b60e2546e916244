"""The shapes of what we take and tell, as JSON Schema: for the OpenAPI document, and on their own under `/schemas`.

All but the events (`event_shapes.py`) are made from the types that encode the answers and decode the bodies.
"""

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from litestar import get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

from schedulers.metadata import Metadata, Provenance, Usage
from schedulers.notice import ChangedNotice, JudgedNotice, ProcessedNotice, UpdatedNotice
from spiderduck.api.contract.event_shapes import EVENTS, RULES, TEMPLATE

DIALECT = "https://json-schema.org/draft/2020-12/schema"


NOTICES = (ProcessedNotice, UpdatedNotice, JudgedNotice, ChangedNotice)
BESIDE = (*NOTICES, *EVENTS, Metadata, Provenance, Usage)
"""What no handler names as its type."""


def components(types: Iterable[Any]) -> dict[str, Any]:
    """The schemas of all structs among `types` and inside them, by name."""
    _, shapes = msgspec.json.schema_components(
        sorted(_structs(types), key=lambda one: one.__name__), ref_template=TEMPLATE
    )
    return with_rules(shapes)


def with_rules(shapes: dict[str, Any]) -> dict[str, Any]:
    """The same, with what no type can say."""
    return {name: {**shape, **RULES.get(name, {})} for name, shape in shapes.items()}


def _structs(types: Iterable[Any]) -> set[type[msgspec.Struct]]:
    found = set()
    remaining = list(types)
    while remaining:
        one = remaining.pop()
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            found.add(one)
        remaining.extend(get_args(one))
    return found


def _published(name: str, title: str, types: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    types = tuple(types)
    given, inner = msgspec.json.schema_components((*types, Metadata, Provenance, Usage), ref_template="#/$defs/{name}")
    text = msgspec.json.encode({"anyOf": given[: len(types)], "$defs": with_rules(inner)}).decode()
    schema: dict[str, Any] = msgspec.json.decode(text.replace("#/components/schemas/", "#/$defs/"))
    return {"$schema": DIALECT, "$id": f"/schemas/{name}.json", "title": title, **schema}


PUBLISHED: dict[str, dict[str, Any]] = {
    "notice": _published("notice", "What every subscriber is told: a CloudEvent 1.0", NOTICES),
    "event": _published("event", "What can be shared", EVENTS),
}


def shape_routes() -> list[HTTPRouteHandler]:
    """The handlers."""

    @get("/schemas/{file:str}", include_in_schema=False, media_type="application/schema+json", sync_to_thread=False)
    def get_schema(file: str) -> dict[str, Any]:
        found = PUBLISHED.get(file.removesuffix(".json"))
        if found is None:
            raise NotFoundException(f"there is no such schema; there are {', '.join(sorted(PUBLISHED))}")
        return found

    return [get_schema]
