"""Between the flow's messages and what lies on the broker: the body as it is, everything else in headers. Pure.

What must survive a crash (errors, deliveries, the due time) travels with the message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schedulers.model import Message

KINDS = ("event", "picture")


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
    """Reads also what another program put into the queue: a body without headers is an event, named by its
    `message_id`. Without either it has no name yet (`event_id` is "")."""
    kind = headers.get("kind", "event")
    url = headers.get("url")
    message = Message(
        body,
        str(headers.get("event_id") or message_id or ""),
        kind if kind in KINDS else "event",
        None if url is None else str(url),
        _count(headers.get("deferrals")),
    )
    # `x-delivery-count` is a quorum queue's own count of what came back to it.
    deliveries = 1 + _count(headers.get("deliveries")) + _count(headers.get("x-delivery-count"))
    due, queued_at = headers.get("due"), headers.get("queued_at")
    return Envelope(
        message,
        _count(headers.get("errors")),
        deliveries,
        due if isinstance(due, int | float) else 0.0,
        is_foreign=not headers.get("event_id"),
        queued_at=queued_at if isinstance(queued_at, int | float) else 0.0,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
