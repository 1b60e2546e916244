"""CloudEvents 1.0 in structured JSON: an envelope; its `data` is any of the other shapes, or a text.

github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md. `source` and `id` together identify an event
(section 3.1.1 of the specification), so both make our id, with a space between. A source contains none where it is the
URI reference that it must be; in any other it is escaped.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace

from schedulers.errors import UnreadableEvent
from schedulers.events.body_links import links_in_html, links_in_markdown, links_in_text
from schedulers.events.values import JsonObject, decode, different, moment, text_in
from schedulers.model import Event

KIND = "cloudevent"


def recognises(value: JsonObject) -> bool:
    return "specversion" in value


def read(value: JsonObject, read_data: Callable[[JsonObject], Event]) -> Event:
    """`read_data` reads the object inside. The envelope's id and time win over the ones inside."""
    _check(value)
    event = _read_payload(value, read_data)
    return replace(
        event,
        id=f"{text_in(value, 'source').replace('%', '%25').replace(' ', '%20')} {text_in(value, 'id')}",
        created_at=moment(value.get("time")) or event.created_at,
        refresh=event.refresh or value.get("refresh") is True,
    )


def _check(value: JsonObject) -> None:
    if value["specversion"] != "1.0":
        raise UnreadableEvent(f'a CloudEvent of version {str(value["specversion"])[:20]!r}; accepted is "1.0"')
    for name in ("id", "source", "type"):
        if not text_in(value, name):
            raise UnreadableEvent(f'a CloudEvent needs "{name}", a string that is not empty')


def _read_payload(value: JsonObject, read_data: Callable[[JsonObject], Event]) -> Event:
    data = _data(value)
    if isinstance(data, str):
        return Event("", different(_links(data, text_in(value, "datacontenttype").lower())))
    if not isinstance(data, dict):
        raise UnreadableEvent('the "data" of a CloudEvent must be an event of any other accepted shape, or a text')
    if recognises(data):
        raise UnreadableEvent("a CloudEvent inside a CloudEvent is not accepted; send the inner one")
    try:
        return read_data(data)
    except UnreadableEvent as error:
        raise UnreadableEvent(f'in "data" of a CloudEvent: {error}') from error


def _data(value: JsonObject) -> object:
    """`data`, or what `data_base64` holds. JSON inside a string is unpacked: many brokers' bridges pack it so."""
    data = value.get("data")
    if data is None and isinstance(encoded := value.get("data_base64"), str):
        try:
            data = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise UnreadableEvent(f'"data_base64" holds no base64 of UTF-8: {error}') from error
    if isinstance(data, str) and data.lstrip().startswith("{"):
        return decode(data.encode())
    return data


def _links(text: str, content_type: str) -> list[str]:
    if "html" in content_type:
        return links_in_html(text)
    return links_in_markdown(text) if "markdown" in content_type else links_in_text(text)
