"""Slack's `link_shared` (docs.slack.dev/reference/events/link_shared): the envelope of the Events API, or the event
inside alone. `links[].url` are the links; there is no text. As in its texts, Slack escapes `&`, `<` and `>` in them."""

from schedulers.events.values import JsonObject, different, id_in, moment, object_in, objects_in, text_in, unescaped
from schedulers.model import Event


def recognises(value: JsonObject) -> bool:
    return object_in(value, "event").get("type") == "link_shared" or value.get("type") == "link_shared"


def read(value: JsonObject) -> Event:
    """`event_id` is unique over all workspaces; where the envelope is missing the content's hash serves."""
    inner = object_in(value, "event") or value
    links = (unescaped(text_in(link, "url")) for link in objects_in(inner, "links"))
    return Event(
        id=id_in(value, "event_id"),
        urls=different(links),
        created_at=moment(value.get("event_time")) or moment(_seconds(inner)),
    )


def _seconds(inner: JsonObject) -> float | None:
    """`event_ts` is `"1503435956.000247"`: seconds, and a number that makes it unique."""
    try:
        return float(text_in(inner, "event_ts"))
    except ValueError:
        return None
