"""What happens in a pipeline, for whoever watches: observers, counters, the list of problems, and traces."""

import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from groundwork.clock import Clock
from imagepipe.model import Trace
from imagepipe.ports import Event, Observer

_log = logging.getLogger(__name__)

_PROBLEMS_KEPT = 200
_MINUTES_KEPT = 60


class Events:
    """The voice of one pipeline. What an observer raises is logged and disturbs nobody.

    `counts` is since the start; `minutes` has the same of each of the last minutes in which something was counted, with
    the minute's number since the epoch.
    """

    def __init__(self, pipeline: str, clock: Clock, observers: Sequence[Observer] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self.minutes: deque[tuple[int, Counter[str]]] = deque(maxlen=_MINUTES_KEPT)
        self.problems: deque[tuple[float, str, str]] = deque(maxlen=_PROBLEMS_KEPT)
        self._pipeline = pipeline
        self.clock = clock
        self._observers = tuple(observers)

    def count(self, name: str) -> None:
        """One more of it."""
        self.counts[name] += 1
        minute = int(self.clock.now() // 60)
        if not self.minutes or self.minutes[-1][0] != minute:
            self.minutes.append((minute, Counter()))
        self.minutes[-1][1][name] += 1

    def tell(self, kind: str, identifier: str, detail: str = "") -> None:
        """Tell the observers."""
        for observer in self._observers:
            try:
                observer(Event(kind, self._pipeline, identifier, detail))
            except Exception:  # noqa: BLE001  it is the caller's code, and a picture must not fail because of it
                _log.exception("an observer of pictures failed at %s", kind)

    def problem(self, identifier: str, detail: str) -> None:
        """Keep it on the list and tell the observers."""
        self.count("problems")
        self.problems.append((self.clock.now(), identifier, detail))
        self.tell("problem", identifier, detail)

    def tracer(self) -> "Tracer":
        """A recorder whose first step begins now."""
        return Tracer(self.clock)

    def progress(self, identifier: str, received: int, total: int | None) -> None:
        """So many bytes of a download are here."""
        if self._observers:
            self.tell("progress", identifier, f"{received}/{total or '?'}")


class Tracer:
    """Records the steps of one answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: list[tuple[str, float]] = []
        self._since = clock.monotonic()

    def add(self, step: str) -> None:
        """`step` is over."""
        now = self._clock.monotonic()
        self._steps.append((step, (now - self._since) * 1000))
        self._since = now

    def passed(self, steps: Iterable[str]) -> None:
        """Steps that were passed on the way to the one that is added next, which has all the time."""
        self._steps += [(step, 0.0) for step in steps]

    @property
    def trace(self) -> Trace:
        return Trace(tuple(self._steps))
