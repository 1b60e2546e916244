"""What happens in a pipeline, for whoever watches: observers, counters, and the list of problems."""

import logging
from collections import Counter, deque
from collections.abc import Sequence

from imagepipe.ports import Clock, Event, Observer

_log = logging.getLogger(__name__)

_PROBLEMS_KEPT = 200


class Events:
    """The voice of one pipeline. What an observer raises is logged and disturbs nobody."""

    def __init__(self, pipeline: str, clock: Clock, observers: Sequence[Observer] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: deque[tuple[float, str, str]] = deque(maxlen=_PROBLEMS_KEPT)
        self._pipeline = pipeline
        self._clock = clock
        self._observers = tuple(observers)

    def tell(self, kind: str, identifier: str, detail: str = "") -> None:
        """Tell the observers."""
        for observer in self._observers:
            try:
                observer(Event(kind, self._pipeline, identifier, detail))
            except Exception:  # noqa: BLE001  it is the caller's code, and a picture must not fail because of it
                _log.exception("an observer of pictures failed at %s", kind)

    def problem(self, identifier: str, detail: str) -> None:
        """Keep it on the list and tell the observers."""
        self.counts["problems"] += 1
        self.problems.append((self._clock.now(), identifier, detail))
        self.tell("problem", identifier, detail)

    def progress(self, identifier: str, received: int, total: int | None) -> None:
        """So many bytes of a download are here."""
        if self._observers:
            self.tell("progress", identifier, f"{received}/{total or '?'}")
