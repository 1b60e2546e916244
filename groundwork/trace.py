"""The trace that a request belongs to (W3C Trace Context), kept for whoever works on it, carried from process to
process.

Set by whoever begins a piece of work (`spans.py`, a scheduler, a fetcher's service, which goes on with its caller's);
read by who asks another process and by every log line. What cannot be read is no trace, and nothing of it ever goes to
an origin.
"""

import logging
import re
from contextvars import ContextVar
from dataclasses import dataclass, replace
from random import Random

LONGEST_STATE = 512
"""Trace Context, section 3.3.1.5: at least so many characters of `tracestate` should be passed on."""

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE = re.compile(r"[\x20-\x7e\t]*")
_VERSION, _INVALID_VERSION = "00", "ff"


@dataclass(frozen=True, slots=True)
class Trace:
    """A place in a trace. `state` is what tracing systems add (`tracestate`), passed on as it came."""

    trace_id: str
    span_id: str
    flags: str = "01"
    state: str = ""

    @property
    def parent(self) -> str:
        """As the header `traceparent`."""
        return f"{_VERSION}-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self, random: Random) -> "Trace":
        """A place of its own for what is done here."""
        return replace(self, span_id=f"{random.randrange(1, 1 << 64):016x}")


current: ContextVar[Trace | None] = ContextVar("current", default=None)


def read(parent: str | None, state: str | None = None) -> Trace | None:
    """From the headers `traceparent` and `tracestate`; None for whatever is none (Trace Context, section 3.2)."""
    match = _PARENT.fullmatch(parent.strip()) if parent else None
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == _INVALID_VERSION or (more and version == _VERSION):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    kept = (state or "").strip()
    if len(kept) > LONGEST_STATE or not _STATE.fullmatch(kept):
        kept = ""
    return Trace(trace_id, span_id, flags, kept)


class TraceFilter(logging.Filter):
    """Gives every log record the attribute `trace`: the trace's id, `-` where there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        trace = current.get()
        record.trace = "-" if trace is None else trace.trace_id
        return True
