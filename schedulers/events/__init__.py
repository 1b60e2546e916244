"""Events: something was shared, told in any of several shapes, becomes `schedulers.model.Event`. Pure.

Read `reading.py` first: it holds the shapes in their order. Then one file per shape, and `batch.py` for many at once.
"""

from schedulers.events.batch import Item, items_of, read_events, read_item
from schedulers.events.limits import EventLimits
from schedulers.events.passed_over import PassedOver, passed_over
from schedulers.events.reading import INLINE_BYTES, read_event
from schedulers.events.redaction import redact_body
from schedulers.events.sharers import Sharers, is_hash

__all__ = [
    "INLINE_BYTES",
    "EventLimits",
    "Item",
    "PassedOver",
    "Sharers",
    "is_hash",
    "items_of",
    "passed_over",
    "read_event",
    "read_events",
    "read_item",
    "redact_body",
]
