"""Spans of traces: what was done, when, for how long, and how it ended. Kept by a `Recorder`, where there is one.

    with span("fetch", url=url) as here: ...    a piece of work; what begins inside is its child, on other machines too
    with leaf("hop") as here: ...               the same without children, cheaper

Without a recorder both do nothing, and cost a tenth of a microsecond. A trace belongs to an event: its id and that of
its first span are made from the event's id, so that every process finds them without being told (`of_event`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from types import TracebackType
from typing import Self

from groundwork.trace import Trace, current

Attribute = str | int | float | bool
NS = 1_000_000_000
MOST_SPANS = 512
"""Of one piece of work, in one process; an event of thousands of URLs has more, and those are counted."""
_random = Random()


@dataclass(slots=True)
class Span:
    """One piece of work. Moments in nanoseconds since the epoch; `failed` says what went wrong; `links` are traces that
    have to do with it. `parent` is empty for the first span of a trace."""

    name: str
    place: Trace
    parent: str = ""
    began: int = 0
    ended: int = 0
    attributes: dict[str, Attribute] = field(default_factory=dict)
    failed: str | None = None
    links: tuple[Trace, ...] = ()

    @property
    def seconds(self) -> float:
        return (self.ended - self.began) / NS

    def set(self, **attributes: Attribute) -> None:
        """Say more of it."""
        self.attributes.update(attributes)

    def fail(self, why: str) -> None:
        self.failed = why


Keep = Callable[[list[Span]], None]


class Work:
    """All spans of one piece of work in this process, until it is over: then it is known whether they are kept."""

    __slots__ = ("closed", "dropped", "kept", "spans")

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.closed = self.kept = False
        self.dropped = 0


class Recorder:
    """Keeps the spans of a share of all traces, and of all work that failed, or took `slow_seconds`. The same traces in
    every process, for the share is taken by their ids. `keep` is handed what is kept, and must not block."""

    def __init__(self, keep: Keep, share: float = 1.0, slow_seconds: float = 5.0) -> None:
        self._keep = keep
        self._below = int(share * (1 << 64))
        self._slow_seconds = slow_seconds
        self.kept = self.dropped = 0

    def samples(self, trace_id: str) -> bool:
        """Whether the trace is one of the share."""
        return int(trace_id[16:], 16) < self._below

    def close(self, work: Work, own: Span) -> None:
        """The piece of work is over; `own` is its outermost span."""
        work.closed = True
        has_failed = any(one.failed is not None for one in work.spans)
        work.kept = has_failed or own.seconds >= self._slow_seconds or self.samples(own.place.trace_id)
        if work.dropped:
            own.set(spans_left_out=work.dropped)
        if work.kept:
            self.hand_on(work.spans)
        else:
            self.dropped += len(work.spans)

    def late(self, work: Work, one: Span) -> None:
        """A span of work that is over, by a task that went on."""
        if work.kept:
            self.hand_on([one])
        else:
            self.dropped += 1

    def hand_on(self, spans: list[Span]) -> None:
        self.kept += len(spans)
        self._keep(spans)


_recorder: Recorder | None = None
"""One for the process, as its log is."""
_work: ContextVar[Work | None] = ContextVar("work", default=None)


def set_recorder(recorder: Recorder | None) -> None:
    """From now on, for the whole process; None: nothing is recorded."""
    global _recorder
    _recorder = recorder


@contextmanager
def recording(recorder: Recorder) -> Iterator[Recorder]:
    """While the block runs; for tests and tools."""
    before = _recorder
    set_recorder(recorder)
    try:
        yield recorder
    finally:
        set_recorder(before)


class Open:
    """A span that is under way. `set` and `fail` are for who does the work."""

    __slots__ = ("_is_leaf", "_own", "_recorder", "_tokens", "_work", "span")

    def __init__(self, recorder: Recorder, one: Span, *, is_leaf: bool) -> None:
        self._recorder = recorder
        self._is_leaf = is_leaf
        self._own: Work | None = None
        self._work = _work.get()
        self._tokens: tuple[Token[Trace | None], Token[Work | None]] | None = None
        self.span = one

    def __enter__(self) -> Self:
        self.span.began = self.span.began or time.time_ns()
        if self._work is None or self._work.closed:
            self._own = self._work = Work()
        if not self._is_leaf:
            self._tokens = current.set(self.span.place), _work.set(self._work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._tokens is not None:
            current.reset(self._tokens[0])
            _work.reset(self._tokens[1])
        self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """Where no block ends it. A cancellation is no failure."""
        one, work = self.span, self._work
        assert work is not None, "it has begun"
        one.ended = time.time_ns()
        if isinstance(error, Exception) and one.failed is None:
            one.failed = f"{type(error).__name__}: {error}"[:500]
        if work.closed:
            self._recorder.late(work, one)
            return
        if len(work.spans) < MOST_SPANS or work is self._own:
            work.spans.append(one)
        else:
            work.dropped += 1
        if work is self._own:
            self._recorder.close(work, one)

    def set(self, **attributes: Attribute) -> None:
        self.span.set(**attributes)

    def fail(self, why: str) -> None:
        self.span.fail(why[:500])

    @property
    def is_on(self) -> bool:
        return True


class Off:
    """What is given where nothing is recorded."""

    __slots__ = ()
    is_on = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def end(self, error: BaseException | None = None) -> None: ...

    def set(self, **attributes: Attribute) -> None: ...

    def fail(self, why: str) -> None: ...


OFF = Off()


def is_recording() -> bool:
    """Whether anything is recorded."""
    return _recorder is not None


def span(name: str, **attributes: Attribute) -> Open | Off:
    """A piece of work inside whatever is under way; the first of a new trace where nothing is."""
    if (recorder := _recorder) is None:
        return OFF
    return Open(recorder, _below(current.get(), name, attributes), is_leaf=False)


def leaf(name: str, **attributes: Attribute) -> Open | Off:
    """The same for work without children: it does not become what is under way, so that any task may end it."""
    if (recorder := _recorder) is None:
        return OFF
    return Open(recorder, _below(current.get(), name, attributes), is_leaf=True)


def within(place: Trace, name: str, **attributes: Attribute) -> Open | Off:
    """A piece of work whose trace came from elsewhere: below `place`."""
    if (recorder := _recorder) is None:
        return OFF
    return Open(recorder, _below(place, name, attributes), is_leaf=False)


def first(place: Trace, name: str, began: int, **attributes: Attribute) -> None:
    """The first span of a trace, over at this moment; it is linked to what is under way."""
    if (recorder := _recorder) is None:
        return
    here = current.get()
    links = () if here is None else (here,)
    one = Span(name, place, "", began, time.time_ns(), dict(attributes), None, links)
    if recorder.samples(place.trace_id):
        recorder.hand_on([one])


def sampled() -> str | None:
    """The id of the trace that is under way, if it is one of the share that is kept: what an exemplar names."""
    if (recorder := _recorder) is None or (place := current.get()) is None:
        return None
    return place.trace_id if recorder.samples(place.trace_id) else None


def of_event(identity: str) -> Trace:
    """The first place of the trace that belongs to an event; the same in every process."""
    digest = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=24, person=b"spiderduck").hexdigest()
    return Trace(digest[:32], digest[32:])


def _below(place: Trace | None, name: str, attributes: dict[str, Attribute]) -> Span:
    if place is None:
        return Span(name, Trace(f"{_random.getrandbits(128) or 1:032x}", _span_id()), attributes=attributes)
    return Span(name, Trace(place.trace_id, _span_id(), place.flags, place.state), place.span_id, attributes=attributes)


def _span_id() -> str:
    return f"{_random.getrandbits(64) or 1:016x}"
