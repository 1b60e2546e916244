"""Around the HTTP application: a request that is cut off because the process goes is told to come again.

The server cancels what is not answered in time on the way out, and would say 500 for it, which
clients do not repeat.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from groundwork.problems import MEDIA_TYPE, problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]
"""Any ASGI application; frameworks disagree on the types of the messages."""

COME_AGAIN = problem(503, "stopping", "Service Unavailable", "this process is stopping; try again")


def come_again_when(stopping: asyncio.Event, app: App) -> App:
    """The same application, which answers 503 where it was cancelled while `stopping`."""

    async def leaving(scope: Any, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http" or not stopping.is_set():
                raise
            headers = [
                (b"content-type", MEDIA_TYPE.encode()),
                (b"retry-after", b"1"),
                (b"connection", b"close"),
            ]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": COME_AGAIN})

    return leaving
