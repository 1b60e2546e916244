"""Events: something was shared, told in any of several shapes, becomes `schedulers.model.Event`. Pure.

Read `reading.py` first: it holds the shapes in their order. Then one file per shape, and `batch.py` for many at once.
"""

from schedulers.events.batch import read_events
from schedulers.events.reading import read_event

__all__ = ["read_event", "read_events"]
