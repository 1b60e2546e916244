"""Logs: one line each on standard error; what it says is for the operator."""

import logging
import sys

import structlog

from fetchers import trace
from groundwork.front.manners import request_id
from groundwork.terminal import plain


def set_up_logs(level: str) -> None:
    """Readable on a terminal, JSON elsewhere."""
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        _add_trace,
        _add_request,
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _without_controls, renderer],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("uvicorn", "httpx", "kazoo"):  # a line for every request or every attempt
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _without_controls(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """What came from outside may hold what a terminal obeys. A traceback keeps its lines."""
    return {
        name: plain(value, lines=name in ("exception", "stack")) if isinstance(value, str) else value
        for name, value in event.items()
    }


def _add_trace(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """The trace that the line belongs to, so that one request is found on every machine that it passed."""
    if (place := trace.current.get()) is not None:
        event["trace"] = place.trace_id
    return event


def _add_request(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """The API's request that the line belongs to: the `X-Request-Id` of its answer."""
    if identity := request_id.get():
        event["request"] = identity
    return event
