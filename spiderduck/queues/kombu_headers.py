"""Between the flow's messages and what lies on the broker: the body as it is, everything else in headers. Pure.

What must survive a crash (errors, deliveries, the due time) travels with the message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from schedulers.model import Message, MessageKind

KINDS: tuple[MessageKind, ...] = get_args(MessageKind)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and its history. `due`: not to be handled before that moment (epoch seconds). `is_foreign`: another
    program put it into the queue. `queued_at`: when it was first put there; 0 where that is not known."""

    message: Message
    errors: int = 0
    deliveries: int = 1
    due: float = 0.0
    is_foreign: bool = False
    queued_at: float = 0.0


def to_headers(envelope: Envelope) -> dict[str, Any]:
    """Headers of the message on the broker."""
    message = envelope.message
    headers: dict[str, Any] = {"event_id": message.event_id, "kind": message.kind}
    if message.url is not None:
        headers["url"] = message.url
    counts = {"deferrals": message.deferrals, "errors": envelope.errors, "deliveries": envelope.deliveries - 1}
    headers.update({name: count for name, count in counts.items() if count})
    times = {"due": envelope.due, "queued_at": envelope.queued_at}
    headers.update({name: moment for name, moment in times.items() if moment})
    return headers


def from_headers(body: bytes, headers: Mapping[str, Any], message_id: str | None = None) -> Envelope:
    """Reads also what another program put into the queue, whose headers may have the names of ours and mean something
    else: it is an event, named by its `message_id`, or not yet (`event_id` is "")."""
    came_back = _count(headers.get("x-delivery-count"))  # a quorum queue's own count
    if not headers.get("event_id"):
        return Envelope(Message(body, message_id or ""), deliveries=1 + came_back, is_foreign=True)
    kind, url = headers.get("kind"), headers.get("url")
    due, queued_at = headers.get("due"), headers.get("queued_at")
    message = Message(
        body,
        str(headers["event_id"]),
        next((one for one in KINDS if one == kind), "event"),
        url if isinstance(url, str) else None,
        _count(headers.get("deferrals")),
    )
    return Envelope(
        message,
        _count(headers.get("errors")),
        1 + _count(headers.get("deliveries")) + came_back,
        due if isinstance(due, int | float) else 0.0,
        queued_at=queued_at if isinstance(queued_at, int | float) else 0.0,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
