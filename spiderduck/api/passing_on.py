"""A fetched body on its way to a client of the API, while it comes. Used by `fetch.py`.

A body that breaks off breaks the connection off, so that a part is never taken for the whole; and what nobody takes any
more is not fetched any more.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack

from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from fetchers.body.chunks import Chunks
from fetchers.errors import BrokenOff

log = logging.getLogger(__name__)


class PassedOn:
    """An ASGI application that answers one request with the body of a fetch, which is open on `fetch`."""

    def __init__(self, fetch: AsyncExitStack, chunks: Chunks, headers: Mapping[str, str]) -> None:
        self._fetch = fetch
        self._chunks = chunks
        self._headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send), name="body of a fetch")
        gone = asyncio.create_task(_gone(receive), name="client of a fetch")
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        except BrokenOff as error:
            # The server closes a connection whose answer was not completed.
            log.info("a fetch that was passed on broke off: %s", error)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            await self._fetch.aclose()

    async def _send(self, send: Send) -> None:
        start: HTTPResponseStartEvent = {"type": "http.response.start", "status": 200, "headers": self._headers}
        await send(start)
        async for piece in self._chunks:
            await send(_body(piece, more=True))
        await send(_body(b"", more=False))


async def _gone(receive: Receive) -> None:
    """Returns when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(piece: bytes, *, more: bool) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": piece, "more_body": more}
