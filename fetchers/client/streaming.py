"""A whole fetch whose answer is read while it comes: redirects are followed as ever, then the body is handed on.

Neighbours: `redirects.py` follows, a `StreamHop` performs each hop. Nothing is handed on before it is known to be no
redirect, and whoever reads slowly slows the far end down.
"""

import asyncio
from collections.abc import AsyncIterator

from msgspec import structs

from fetchers.body.pipe import BodyPipe
from fetchers.body.reading import encodings_of
from fetchers.client import redirects
from fetchers.client.refresh_element import SEARCHED_BYTES
from fetchers.errors import BrokenOff
from fetchers.model import Ended, FetchResult, HopRequest, HopResult, NotNow, Response
from fetchers.ports import StreamHop, Take

ENOUGH_OF_A_REDIRECT = SEARCHED_BYTES
"""A redirect's body is read, so that its connection can be used again, but no longer than that."""


class Beginning:
    """One hop's answer: kept until it is known to be no redirect, and handed on from then."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._held: list[bytes] = []
        self._size = 0
        self._handed_on = False

    async def take(self, head: Response, piece: bytes) -> bool:
        if self._handed_on:
            return await self._take(head, piece)
        self._held.append(piece)
        self._size += len(piece)
        if redirects.may_lead_on(head) and self._size < ENOUGH_OF_A_REDIRECT:
            return True
        if redirects.leads_on(structs.replace(head, body=b"".join(self._held))):
            return False
        return await self._hand_on(head)

    async def over(self, result: HopResult) -> HopResult:
        """The hop's result: with what was kept of its body where it is a redirect, after handing that on where not."""
        if self._handed_on or not isinstance(result, Response):
            return result
        kept = structs.replace(result, body=b"".join(self._held))
        if redirects.leads_on(kept):
            return kept
        if self._held:
            await self._hand_on(result)
        return result

    async def _hand_on(self, head: Response) -> bool:
        self._handed_on = True
        held, self._held = b"".join(self._held), []
        return await self._take(head, held)


class FetchStream:
    """A fetch under way, made by `open_stream`. Iterate the body; `aclose` it in any case.

    `outcome` is how it ended, or a `Response` whose body is still to come (here, not in its `body`); `redirects` is how
    many were followed to it.
    """

    def __init__(self, request: HopRequest, stream_hop: StreamHop, most_redirects: int) -> None:
        self.outcome: Response | Ended | NotNow
        self._hops = 0
        self._pipe = BodyPipe()
        self._stream_hop = stream_hop
        self._head: Response | None = None
        self._begun = asyncio.Event()
        following = redirects.fetch(request, self._hop, most_redirects=most_redirects)
        self._fetch = asyncio.create_task(following, name=f"fetch of {request.url}")
        self._fetch.add_done_callback(lambda _: self._ended())

    @property
    def redirects(self) -> int:
        return self._hops - 1

    async def begun(self) -> None:
        """Returns when `outcome` is known: with the body's first bytes, or at the end of a fetch that has none."""
        await self._begun.wait()
        self.outcome = self._head or _known(self._fetch.result())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body. Raises `BrokenOff` where its end did not come."""
        async for piece in self._pipe:
            yield piece
        outcome = await self.over()
        if isinstance(outcome, Ended) and self._head is not None:
            raise BrokenOff(outcome)

    async def over(self) -> Response | Ended | NotNow:
        """Read the rest for nothing; how it ended, which says more than `outcome` did at the beginning."""
        async for _ in self._pipe:
            pass
        return _known(await self._fetch)

    async def aclose(self) -> None:
        """What is still to come is not wanted. May be called twice."""
        self._pipe.close()
        self._fetch.cancel()
        await asyncio.gather(self._fetch, return_exceptions=True)

    async def _hop(self, request: HopRequest) -> HopResult:
        self._hops += 1
        beginning = Beginning(self._take)
        return await beginning.over(await self._stream_hop(request, beginning.take))

    async def _take(self, head: Response, piece: bytes) -> bool:
        self._head = head
        self._begun.set()
        self._pipe.put(piece)
        await self._pipe.room()
        return True

    def _ended(self) -> None:
        self._begun.set()
        self._pipe.close()


async def open_stream(request: HopRequest, stream_hop: StreamHop, *, most_redirects: int = 20) -> FetchStream:
    """Begin to fetch `request.url`, following its redirects; the stream's `outcome` is known then."""
    stream = FetchStream(request, stream_hop, most_redirects)
    try:
        await stream.begun()
    except BaseException:
        await stream.aclose()
        raise
    return stream


def _known(result: FetchResult) -> Response | Ended | NotNow:
    assert result.outcome is not None, "nobody said that the target is known"
    return result.outcome


def announced_length(response: Response) -> int | None:
    """How long the body will be, where its server said so and it came without a Content-Encoding, which is undone."""
    length = response.header("content-length") or ""
    if encodings_of(response.headers) not in ("", "identity"):
        return None
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
