"""The bare transport: one request and its body, without a fetcher. What the other figures are measured against.

The budgets were set when the transport was one of httpx's. It has got a port of its own since, which is a third
cheaper; so that the budgets still mean what they meant, they are measured against it behind httpx's types.
"""

from collections.abc import AsyncIterator

import httpx

from fetchers.ports import Transport, TransportRequest
from fetchers.urls import split


class FreeToSend:
    """The right to send, at any time."""

    def may_write(self) -> bool:
        return True

    def written(self) -> None: ...

    async def again(self) -> bool:
        return True


FREE_TO_SEND = FreeToSend()


async def fetch_bare(transport: Transport, url: str) -> bytes:
    """The body at `url`."""
    parts = split(url)
    request = TransportRequest(parts, (("Host", parts.authority), ("Accept", "*/*")), FREE_TO_SEND)
    async with transport.open(request) as (_, chunks):
        return b"".join([chunk async for chunk in chunks])


NOWHERE = httpx.URL("http://placeholder.invalid/")


async def fetch_behind_httpx(transport: Transport, url: str) -> bytes:
    """The same, with a request and an answer of httpx's made and read on the way."""
    parts = split(url)
    asked = httpx.Request("GET", NOWHERE, headers=[("Host", parts.authority), ("Accept", "*/*")])
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in asked.headers.raw)
    async with transport.open(TransportRequest(parts, headers, FREE_TO_SEND)) as (head, chunks):
        answer = httpx.Response(head.status_code, headers=head.headers, stream=_Stream(chunks))
        body = b"".join([chunk async for chunk in answer.stream])  # type: ignore[union-attr]
        await answer.aclose()
        return body


class _Stream(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            yield chunk
