"""The bare transport: one request and its body, without a fetcher. What the other figures are measured against."""

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
