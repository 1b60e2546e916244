"""A Mastodon status (docs.joinmastodon.org/entities/Status), as other Fediverse servers send it too, or the message of
its streaming API around one.

The warning before it (`spoiler_text`) is plain text; `content` is HTML: its anchors are the links, but not those of
hashtags and mentions; then `card.url`. A boost and a quote carry the other status inside, whose links were shared by
them.
"""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from schedulers.errors import UnreadableEvent
from schedulers.events.body_links import links_in_text, links_of_anchors
from schedulers.events.values import JsonObject, decode, different, id_in, moment, object_in, objects_in, text_in
from schedulers.model import Event

_STATUS_MESSAGES = ("update", "status.update")
_NO_LINK = frozenset(("mention", "hashtag"))


def recognises(value: JsonObject) -> bool:
    return isinstance(value.get("content"), str) or _is_streamed(value)


def read(value: JsonObject) -> Event:
    if _is_streamed(value):
        return _read_streamed(value)
    return Event(
        # `uri` is unique among all servers, `id` only on its own; an edited status is a new event.
        id=_id(value),
        urls=different(_links(value)),
        created_at=moment(value.get("created_at")),
    )


def _is_streamed(value: JsonObject) -> bool:
    return isinstance(value.get("payload"), str) and isinstance(value.get("event"), str)


def _read_streamed(value: JsonObject) -> Event:
    """`{"stream": …, "event": "update", "payload": "<a status as JSON>"}`. Other messages carry no link."""
    if value["event"] not in _STATUS_MESSAGES:
        return Event("")
    status = decode(value["payload"].encode())
    if not isinstance(status, dict) or not isinstance(status.get("content"), str):
        raise UnreadableEvent('the "payload" of a streamed status must be a Mastodon status with "content"')
    return read(status)


def _id(status: JsonObject) -> str:
    found = id_in(status, "uri", "url", "id")
    edited = text_in(status, "edited_at")
    return f"{found}#{edited}" if found and edited else found


def _links(status: JsonObject) -> Iterator[str]:
    """Of the status, and of the one it boosts or quotes."""
    quoted = object_in(status, "quote")
    for one in (status, object_in(status, "reblog"), object_in(quoted, "quoted_status") or quoted):
        yield from links_in_text(text_in(one, "spoiler_text"))
        if content := text_in(one, "content"):
            yield from links_of_anchors(content, _Shared(one))
        yield text_in(object_in(one, "card"), "url")


class _Shared:
    """Is this anchor a link that somebody shared? Servers mark hashtags and mentions in different ways."""

    def __init__(self, status: JsonObject) -> None:
        self._named = {
            text_in(one, name)
            for kind in ("mentions", "tags")
            for one in objects_in(status, kind)
            for name in ("url", "href")
        }

    def __call__(self, anchor: LexborNode) -> bool:
        attributes = anchor.attributes
        words = (attributes.get("class") or "").lower().split()
        relations = (attributes.get("rel") or "").lower().split()
        return _NO_LINK.isdisjoint(words) and "tag" not in relations and attributes.get("href") not in self._named
