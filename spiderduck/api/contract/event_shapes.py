"""The shapes of what can be shared, as JSON Schema: for the OpenAPI document and for `/schemas/event.json`.

Events are read by hand (`schedulers.events`), for they come in the shapes of others. These types say what is asked of
each; nothing is decoded with them. Whatever else a foreign shape holds is passed over.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

TEMPLATE = "#/components/schemas/{name}"
NonBlank = Annotated[str, msgspec.Meta(min_length=1, pattern=r"\S")]
AnyId = Annotated[str, msgspec.Meta(max_length=1024, examples=["message-4711"])] | int
Sharer = Annotated[str, msgspec.Meta(max_length=1024, examples=["user-42"])] | int
Moment = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}, {"type": "null"}]}
    ),
]


class PlainEvent(msgspec.Struct, omit_defaults=True):
    """Something that was shared: a text with links in it, links, or both.

    `id` names the event, so that sending it again shares nothing twice; without one, each sending is a share of its
    own. `refresh` fetches again what is known already. `created_at` may be in epoch seconds as well. `sharer` is any
    name of your own for who shared it; only a keyed hash of it is kept, so that sharers can be counted.
    """

    # Unset, and not null: generators of clients take what has a default for something that is always sent.
    id: AnyId | msgspec.UnsetType | None = msgspec.UNSET
    text: (
        Annotated[str, msgspec.Meta(examples=["Look at this: https://example.com/duck"])] | msgspec.UnsetType | None
    ) = msgspec.UNSET
    urls: Annotated[list[str], msgspec.Meta(max_length=1000)] | msgspec.UnsetType | None = msgspec.UNSET
    created_at: Moment | msgspec.UnsetType = msgspec.UNSET
    refresh: bool | msgspec.UnsetType | None = msgspec.UNSET
    sharer: Sharer | msgspec.UnsetType | None = msgspec.UNSET


class CloudEvent(msgspec.Struct):
    """A CloudEvent 1.0 in structured JSON around any of the other shapes, or around a text."""

    specversion: Literal["1.0"]
    id: NonBlank
    source: NonBlank
    type: NonBlank
    data: Annotated[
        msgspec.Raw,
        msgspec.Meta(
            extra_json_schema={
                "anyOf": [
                    {"type": "string", "pattern": r"^(?!\s*\{)"},
                    *(
                        {"$ref": TEMPLATE.format(name=name)}
                        for name in (
                            "PlainEvent",
                            "Tweet",
                            "TweetV2",
                            "MastodonStatus",
                            "BlueskyLine",
                            "SlackEvent",
                            "SlackLinks",
                        )
                    ),
                ]
            }
        ),
    ]


class Tweet(msgspec.Struct):
    """A tweet of version 1.1 of the API."""

    id_str: Any


class TweetData(msgspec.Struct):
    """A tweet of version 2 itself."""

    id: NonBlank | int
    text: str


class TweetV2(msgspec.Struct):
    """A tweet of version 2 of the API."""

    data: TweetData


class MastodonStatus(msgspec.Struct):
    """A status of Mastodon and its like."""

    content: str


class BlueskyLine(msgspec.Struct):
    """A line of Bluesky's Jetstream."""

    did: Any
    kind: Any


class SlackLinks(msgspec.Struct):
    """Slack's `link_shared` without its envelope."""

    type: Literal["link_shared"]
    links: Any = None


class SlackEvent(msgspec.Struct):
    """Slack's `link_shared`."""

    event: SlackLinks


FOREIGN = (CloudEvent, Tweet, TweetV2, MastodonStatus, BlueskyLine, SlackEvent, SlackLinks)
EVENTS: Final = (PlainEvent, *FOREIGN)
RULES: Final[dict[str, dict[str, Any]]] = {
    **{one.__name__: {"additionalProperties": True} for one in (*FOREIGN, TweetData)},
    # Neither a text nor a URL. Said by `not`, which generators of clients pass over: `anyOf` would split the type.
    "PlainEvent": {
        "not": {
            "properties": {
                "text": {"type": "null"},
                "urls": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"pattern": r"^\s*$"}}]},
            }
        }
    },
    "ReplayOrder": {
        "not": {
            "properties": {"ids": {"type": "array"}, "since": {"type": "string"}},
            "required": ["ids", "since"],
        }
    },
}
"""What the types cannot say, by the name of the schema."""

EXAMPLES: dict[str, Any] = {
    "a text": {"value": {"id": "message-4711", "text": "Look at this: https://example.com/duck", "sharer": "user-42"}},
    "links": {"value": {"urls": ["https://example.com/duck", "https://example.com/pond"]}},
    "several events": {"value": [{"text": "https://example.com/duck"}, {"urls": ["https://example.com/pond"]}]},
}
EVENT: dict[str, Any] = {"anyOf": [{"$ref": TEMPLATE.format(name=one.__name__)} for one in EVENTS]}
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
