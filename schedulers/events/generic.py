"""The plain event, our own: `{"id"?, "text"?, "urls"?, "created_at"?, "refresh"?, "sharer"?}`, at least one of text
and urls.

As it is ours it is read strictly: a field of the wrong type is an error and not a silent loss. What `urls` names comes
first, then what the text holds beside it.
"""

from datetime import datetime

from schedulers.errors import NothingShared, UnreadableEvent
from schedulers.events.body_links import links_in_text
from schedulers.events.values import JsonObject, different, id_in, moment
from schedulers.model import Event


def recognises(value: JsonObject) -> bool:
    return "text" in value or "urls" in value


def read(value: JsonObject) -> Event:
    urls = _urls(value)
    text = value.get("text")
    if text is not None and not isinstance(text, str):
        raise UnreadableEvent('"text" must be a string')
    if text is None and not different(urls):
        raise NothingShared('there is neither a "text" nor a URL in "urls"')
    return Event(
        id=_id(value),
        urls=different((*urls, *links_in_text(text or ""))),
        created_at=_created_at(value),
        refresh=_refresh(value),
        text=text or "",
    )


def _urls(value: JsonObject) -> list[str]:
    urls = value.get("urls")
    if urls is None:
        return []
    if not isinstance(urls, list):
        raise UnreadableEvent('"urls" must be an array of strings')
    for number, url in enumerate(urls):
        if not isinstance(url, str):
            raise UnreadableEvent(f'"urls"[{number}] must be a string')
    return urls


def _id(value: JsonObject) -> str:
    found = value.get("id")
    if found is not None and (isinstance(found, bool) or not isinstance(found, str | int)):
        raise UnreadableEvent('"id" must be a string or a whole number')
    if isinstance(found, int) and not id_in(value, "id"):
        raise UnreadableEvent('"id" is a number of more than 100 digits; send it as a string')
    return id_in(value, "id")


def _created_at(value: JsonObject) -> datetime | None:
    found = value.get("created_at")
    if found is None:
        return None
    if (created_at := moment(found)) is None:
        raise UnreadableEvent('"created_at" must be an ISO 8601 time such as 2026-11-22T10:47:34Z, or epoch seconds')
    return created_at


def _refresh(value: JsonObject) -> bool:
    refresh = value.get("refresh")
    if refresh is not None and not isinstance(refresh, bool):
        raise UnreadableEvent('"refresh" must be true or false')
    return bool(refresh)
