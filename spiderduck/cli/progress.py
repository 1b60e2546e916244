"""The one bar of all commands: on a terminal's standard error, after a moment, and never with `--json`."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from groundwork.terminal import plain_console

if TYPE_CHECKING:
    from rich.progress import Progress, Task

SHOWN_AFTER = 0.7
"""Seconds: what is over sooner shows nothing."""


class Tell(Protocol):
    """How far the work is. `done` without `total` is a count; neither: only how long it takes."""

    def __call__(self, what: str, done: float | None = None, total: float | None = None) -> None: ...


class _Shown:
    quiet = False
    is_shown = False


_shown = _Shown()


def quiet_with_json(as_json: bool) -> bool:
    """Called with the option `--json` of every command that has it."""
    _shown.quiet = as_json
    return as_json


@contextmanager
def working(what: str) -> Iterator[Tell]:
    """While the block runs, a line that says `what` is done and how far it is, and that is gone at the end. Inside of
    another block it shows nothing of its own."""
    if _shown.quiet or _shown.is_shown or not sys.stderr.isatty():
        yield lambda what, done=None, total=None: None
        return
    bars = _bars()
    line = bars.add_task(what, total=None)
    lock, is_over = threading.Lock(), False

    def show() -> None:
        with lock:
            if not is_over:
                bars.start()

    def tell(what: str, done: float | None = None, total: float | None = None) -> None:
        bars.update(line, description=what, completed=done or 0, total=total, counted=done is not None)

    timer = threading.Timer(SHOWN_AFTER, show)
    timer.daemon = True
    _shown.is_shown = True
    timer.start()
    try:
        yield tell
    finally:
        timer.cancel()
        with lock:
            is_over = True
            bars.stop()
        _shown.is_shown = False


def _bars() -> "Progress":
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Count(ProgressColumn):
        """`3,000`, `3,000 of 10,000`, or nothing."""

        def render(self, task: "Task") -> Text:
            of = "" if task.total is None else f" of {task.total:,.0f}"
            return Text(f"{task.completed:,.0f}{of}" if task.fields.get("counted") else "")

    class Bar(BarColumn):
        """Only where the end is known."""

        def render(self, task: "Task") -> Text:  # type: ignore[override]
            return super().render(task) if task.total else Text("")  # type: ignore[return-value]

    columns = (SpinnerColumn(), TextColumn("{task.description}"), Bar(), Count(), TimeElapsedColumn())
    return Progress(*columns, console=plain_console(error=True), transient=True)
