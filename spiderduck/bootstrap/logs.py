"""Logs: one line each on standard error; what it says is for the operator. Readable on a terminal, JSON elsewhere.

A line is a message and fields (`docs/reference/logs.md`). URLs in it end at their query, unless a setting wants all of
it; nothing in it can break the line or be obeyed by a terminal; and what repeats without end is told some of the times.
"""

import logging
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from fetchers.urls import without_query
from groundwork import trace
from groundwork.front.manners import request_id
from groundwork.log_fields import fields as bound_fields
from groundwork.terminal import plain

FIELDS = (
    *("url", "domain", "purpose", "hop", "ending", "outcome", "status", "reason", "page"),
    *("method", "route", "key", "bytes", "ms", "waited_ms", "connect_ms", "first_byte_ms", "since_shared_ms"),
    *("seconds", "repeated", "dependency", "kind", "worker_id", "webhook"),
    *("queues", "hosts", "list", "entries", "before", "buckets", "members"),
)
"""What a line may hold beside its message. Libraries' lines have fields of their own, which are left out."""
MANY = frozenset({"fetchers.hop_log", "spiderduck.api.front.access", "schedulers.stages.store", "schedulers.deferral"})
"""Loggers that have a line for everything that happens, so that none of them is a repeat."""
OF = ("domain", "list", "dependency", "webhook")
AT_ONCE, WINDOW_SECONDS = 10, 10.0
"""So many lines of one kind (the same message, whatever its values) in so many seconds."""
MOST_KINDS = 1024
LONGEST = 16 * 1024
"""Characters of one value; a traceback may have four times as many."""

_URL = re.compile(r"https?://[^\s\"<>]+", re.IGNORECASE)


def set_up_logs(level: str, *, queries: bool = False) -> None:
    """From now on, for the whole process. `queries`: URLs are logged with their query."""
    is_terminal = sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if is_terminal else structlog.processors.JSONRenderer(_json)
    )
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.ExtraAdder(allow=FIELDS),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        _add_ids,
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _harmless if queries else _harmless_without_queries,
            renderer,
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    handler.addFilter(Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("uvicorn", "httpx", "httpcore", "kazoo", "asyncio", "amqp", "cassandra"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # a line for every request or every attempt


class Repeats(logging.Filter):
    """Lets a few lines of one kind pass in a while. The first one after that says how many were left out."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._kinds: OrderedDict[tuple[str, int, str], list[float]] = OrderedDict()  # begin, let through, left out

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name in MANY or record.levelno >= logging.CRITICAL:
            return True
        # What is said of one domain, list or engine is no repeat of what is said of another.
        of = next((str(of)[:200] for name in OF if (of := record.__dict__.get(name))), "")
        now, kind = self._monotonic(), (record.name, record.levelno, f"{of} {str(record.msg)[:200]}")
        seen = self._kinds.pop(kind, None)
        if seen is None or now - seen[0] > WINDOW_SECONDS:
            if seen is not None and seen[2]:
                record.repeated = int(seen[2])
            seen = [now, 0, 0]
        self._kinds[kind] = seen
        if len(self._kinds) > MOST_KINDS:
            self._kinds.popitem(last=False)
        passes = seen[1] < AT_ONCE
        seen[1 if passes else 2] += 1
        return passes


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def without_queries(text: str) -> str:
    """Every URL in a text without its query and fragment."""
    return _URL.sub(lambda match: without_query(match[0]), text) if "://" in text else text


def _harmless(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """What came from outside may hold what a terminal obeys. A traceback keeps its lines."""
    return {name: _shown(name, value) if isinstance(value, str) else value for name, value in event.items()}


def _harmless_without_queries(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {
        name: without_queries(_shown(name, value)) if isinstance(value, str) else value for name, value in event.items()
    }


def _shown(name: str, value: str) -> str:
    has_lines = name in ("exception", "stack")
    return plain(value[: LONGEST * 4 if has_lines else LONGEST], lines=has_lines)


def _add_ids(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """The event, the URL, the API's request (the `X-Request-Id` of its answer) and the trace that the line belongs to,
    so that one of them is found on every machine that it passed. A line's own field comes before a bound one."""
    for name, value in bound_fields().items():
        event.setdefault(name, value)
    if identity := request_id.get():
        event["request"] = identity
    if (place := trace.current.get()) is not None:
        event["trace"] = place.trace_id
    return event
