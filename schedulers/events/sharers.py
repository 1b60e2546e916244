"""Who shared: hashed with a key before anything is kept, so that sharers can be told apart and counted, and nobody who
reads the queue, the store or a notice learns who they are. Pure."""

import hashlib
import hmac
import re
from typing import Any

from schedulers.errors import UnreadableEvent
from schedulers.events.body_walk import ESCAPED_LETTER, BodyWalk
from schedulers.events.limits import LARGEST_EVENT
from schedulers.events.values import JsonObject, id_in

SHARER = "sharer"
LONGEST_SHARER = 1024
"""Characters, as of ids."""
_MAY_HOLD_ONE = re.compile(rb'sharer|"data_base64"|' + ESCAPED_LETTER)
_WRITTEN = re.compile(rb'("sharer\\*"\s{0,99}:\s{0,99})(?:\\*"(?:[^"\\]|\\.)*+"?|-?[0-9]+)', re.DOTALL)
_HASH = re.compile(r"[0-9a-f]{32}\Z")


class Sharers:
    """Hashes with `key`, the same wherever events are taken in. Another key makes other sharers of all."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._walk = BodyWalk(_MAY_HOLD_ONE, self._hidden, {SHARER})

    def hash_of(self, sharer: str) -> str:
        """32 hexadecimal digits: half of an HMAC-SHA256, which is enough to tell all people apart."""
        return hmac.digest(self._key, sharer.encode("utf-8", "surrogatepass"), hashlib.sha256)[:16].hex()

    def hide(self, body: bytes) -> bytes:
        """The body of an event with hashes in place of its sharers; the same one where none is in it. What cannot be
        read, or is too large to be an event, loses them. Never raises."""
        if _MAY_HOLD_ONE.search(body) is None:
            return body
        if len(body) <= LARGEST_EVENT:
            try:
                return self._walk.changed(body)
            except (UnreadableEvent, ValueError, RecursionError):
                pass  # it will be refused, with its body beside the reason
        return _WRITTEN.sub(rb"\1null", body)

    def _hidden(self, name: object, value: Any) -> Any:
        if name != SHARER or not (sharer := id_in({SHARER: value}, SHARER)):
            return value
        return self.hash_of(sharer)


def sharer_in(value: JsonObject) -> str | None:
    """Who shared, as the event says it; None where it does not. Raises `UnreadableEvent`."""
    found = value.get(SHARER)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise UnreadableEvent('"sharer" must be a string or a whole number')
    sharer = id_in(value, SHARER)
    if len(sharer) > LONGEST_SHARER:
        raise UnreadableEvent(f'"sharer" has {len(sharer):,} characters; at most {LONGEST_SHARER:,} are accepted')
    if not sharer and isinstance(found, int):
        raise UnreadableEvent('"sharer" is a number of more than 100 digits; send it as a string')
    return sharer or None


def is_hash(sharer: str | None) -> bool:
    """Whether it has been hashed: of a queue that an earlier version filled, it was not."""
    return sharer is not None and _HASH.match(sharer) is not None
