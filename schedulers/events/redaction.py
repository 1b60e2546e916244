"""An event's body without the user information of the URLs in it, as it is kept in the queue and shown to people. The
links of the event stay what they are."""

import re
from collections.abc import Collection
from typing import Any

from fetchers.urls import redacted, redacted_url
from schedulers.errors import InvalidUrl, UnreadableEvent
from schedulers.events.body_walk import ESCAPED_LETTER, BodyWalk
from schedulers.urls import parse_shared

_MAY_HOLD_ONE = re.compile(rb'@|\\u0040|"data_base64"|' + ESCAPED_LETTER)


def redact_body(body: bytes, urls: Collection[str] = ()) -> bytes:
    """The body; the same one where there is nothing to take out. `urls` are the links that were found in it, whose
    strings are whole URLs. What is no JSON is treated as one text. Never raises."""
    links = frozenset(urls)

    def without(_: object, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        stripped = value.strip()
        return _link(stripped) if "@" in value and stripped in links else redacted(value)

    try:
        return BodyWalk(_MAY_HOLD_ONE, without).changed(body)
    except (UnreadableEvent, ValueError, RecursionError):
        text = body.decode("utf-8", "surrogateescape")
        return redacted(text).encode("utf-8", "surrogateescape")


def _link(text: str) -> str:
    """What is read as the same link again."""
    try:
        return parse_shared(text)
    except InvalidUrl:
        return redacted_url(text)
