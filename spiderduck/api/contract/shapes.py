"""The shapes of what we take and tell, as JSON Schema: for the OpenAPI document, and on their own under `/schemas`.

All but the events are made from the types that encode the answers. Events are read by hand (`schedulers.events`), for
they come in the shapes of others; `PlainEvent` says what is read of our own.
"""

from collections.abc import Iterable
from typing import Annotated, Any, get_args

import msgspec
from litestar import get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

from schedulers.metadata import Metadata, Provenance, Usage
from schedulers.notice import ChangedNotice, JudgedNotice, ProcessedNotice, UpdatedNotice
from schedulers.record import Time

TEMPLATE = "#/components/schemas/{name}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class PlainEvent(msgspec.Struct, omit_defaults=True):
    """Something that was shared: a text with links in it, links, or both.

    `id` names the event, so that sending it again shares nothing twice; without one, each sending is a share of its
    own. `refresh` fetches again what is known already. `sharer` is any name of your own for who shared it; only a keyed
    hash of it is kept, so that sharers can be counted.
    """

    id: Annotated[str, msgspec.Meta(max_length=1024, examples=["message-4711"])] | None = None
    text: Annotated[str, msgspec.Meta(examples=["Look at this: https://example.com/duck"])] | None = None
    urls: Annotated[list[str], msgspec.Meta(max_length=1000)] | None = None
    created_at: Time | None = None
    refresh: bool = False
    sharer: Annotated[str, msgspec.Meta(max_length=1024, examples=["user-42"])] | None = None


class ForeignEvent(msgspec.Struct):
    """An event as another service sends it: a CloudEvent 1.0, a tweet (v1.1 or v2), a Mastodon status, a Bluesky
    Jetstream line, or Slack's `link_shared`. It is recognised by its members."""


EXAMPLES: dict[str, Any] = {
    "a text": {"value": {"id": "message-4711", "text": "Look at this: https://example.com/duck", "sharer": "user-42"}},
    "links": {"value": {"urls": ["https://example.com/duck", "https://example.com/pond"]}},
    "several events": {"value": [{"text": "https://example.com/duck"}, {"urls": ["https://example.com/pond"]}]},
}
EVENT: dict[str, Any] = {"anyOf": [{"$ref": TEMPLATE.format(name=name)} for name in ("PlainEvent", "ForeignEvent")]}
EVENTS_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"anyOf": [*EVENT["anyOf"], {"type": "array", "items": EVENT, "minItems": 1}]},
            "examples": EXAMPLES,
        },
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "One event a line."},
        },
    },
}
"""The request body of `POST /v1/events`."""

NOTICES = (ProcessedNotice, UpdatedNotice, JudgedNotice, ChangedNotice)
EVENTS = (PlainEvent, ForeignEvent)
BESIDE = (*NOTICES, *EVENTS, Metadata, Provenance, Usage)
"""What no handler names as its type."""


def components(types: Iterable[Any]) -> dict[str, Any]:
    """The schemas of all structs among `types` and inside them, by name."""
    _, shapes = msgspec.json.schema_components(
        sorted(_structs(types), key=lambda one: one.__name__), ref_template=TEMPLATE
    )
    foreign = shapes.get(ForeignEvent.__name__)
    if foreign is not None:
        foreign["additionalProperties"] = True
    return shapes


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
    text = msgspec.json.encode({"anyOf": given[: len(types)], "$defs": inner}).decode()
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
