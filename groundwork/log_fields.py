"""What belongs to every log line of a piece of work: the event, the URL, the hop. Bound once where the work begins, and
added to each line on the way out, so that nobody hands ids through for the sake of the log.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_bound: ContextVar[Mapping[str, str | int]] = ContextVar("log_fields", default={})  # noqa: B039 -- never changed


@contextmanager
def bound(**fields: str | int) -> Iterator[None]:
    """These fields for every line that is logged inside, also by tasks that begin there."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def bind(**fields: str | int) -> None:
    """The same until the task ends, for a task that is all about one thing."""
    _bound.set({**_bound.get(), **fields})


def fields() -> Mapping[str, str | int]:
    """Those in force here."""
    return _bound.get()
