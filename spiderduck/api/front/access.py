"""One log line and one observation for each request of the API: whose key, which route, what came of it.

The route is the template (`/v1/pages/{page_id}`), never the path or the query, which may hold keys and URLs. Probes and
scrapes, which come every few seconds, are logged at the level debug.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from groundwork import trace
from groundwork.spans import OFF, Off, Open, is_recording, span, within
from spiderduck.api.front.keys import key_name

log = logging.getLogger(__name__)

App = Callable[[Any, Any, Any], Awaitable[None]]
Observe = Callable[[str, str, int, float], None]
"""Route, method, status, seconds."""

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
NO_ROUTE = "(none)"
"""What was asked for matches no route, or was refused before one was looked for."""
SERVER_ERROR = 500
LEFT = 499
"""The status that is noted where the client left before the answer began."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class AccessLog:
    """An ASGI application around another one, with `monotonic` as its clock."""

    def __init__(self, app: App, observe: Observe, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._observe = observe
        self._monotonic = monotonic

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, size, began = LEFT, 0, self._monotonic()

        async def noting(message: Any) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        with _span_of(scope) as here:
            try:
                await self._app(scope, receive, noting)
            finally:
                self._note(scope, status, size, self._monotonic() - began)
                route = scope.get("path_template") or NO_ROUTE
                here.set(kind="request", route=route, method=scope["method"], status=status, bytes=size)
                if status >= SERVER_ERROR:
                    here.fail(f"it was answered {status}")

    def _note(self, scope: Any, status: int, size: int, seconds: float) -> None:
        route = scope.get("path_template") or NO_ROUTE
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self._observe(route, method, status, seconds)
        level = logging.DEBUG if route in PROBES else logging.WARNING if status >= 500 else logging.INFO
        if log.isEnabledFor(level):
            fields: dict[str, object] = {
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "bytes": size,
            }
            if (key := key_name(scope)) is not None:
                fields["key"] = key
            log.log(level, "request: %s %s %d", method, route, status, extra=fields)


def _span_of(scope: Any) -> Open | Off:
    """In the caller's trace, where its headers name one."""
    if not is_recording() or scope["path"] in PROBES:
        return OFF
    headers = dict(scope["headers"])
    parent, state = headers.get(b"traceparent", b""), headers.get(b"tracestate", b"")
    caller = trace.read(parent.decode("latin-1"), state.decode("latin-1"))
    return span("request") if caller is None else within(caller, "request")
