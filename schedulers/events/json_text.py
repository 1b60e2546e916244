"""JSON of events: decoded strictly, with the one repair that real senders need."""

import re
from typing import Any

import msgspec

from schedulers.errors import UnreadableEvent

JsonObject = dict[str, Any]

_BOM = b"\xef\xbb\xbf"
_ESCAPES = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
"""Every escape of a JSON text: pairs of surrogates (1), lone ones (2), and all others."""


def decode(body: bytes) -> object:
    """The value in `body`. Raises `UnreadableEvent` for what is no JSON."""
    body = body.removeprefix(_BOM)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        repaired = _without_lone_surrogates(body)
        if repaired != body:
            return decode(repaired)
        raise UnreadableEvent(f"it is no JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableEvent("its JSON is nested too deeply") from error


def _without_lone_surrogates(body: bytes) -> bytes:
    """Texts that were cut in the middle of an emoji carry half of its escape; it becomes U+FFFD."""
    return _ESCAPES.sub(lambda escape: b"\\ufffd" if escape[2] else escape[0], body)
