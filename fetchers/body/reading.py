"""The reading of an answer's body, decoded and within its limits. Called by `exchange.py` once the head is there.

A body is held once at the most, and not at all where somebody takes it while it comes.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import httpx

from fetchers.body.budget import BodyHold, Patience
from fetchers.body.decoding import BodyDecoder
from fetchers.body.limits import ERROR_PAGE_BYTES, BodyPlan
from fetchers.body.turns import DecodeTurns
from fetchers.errors import CutShort, ProtocolError, TransportError
from fetchers.media_type import SNIFFED_BYTES
from fetchers.model import CutBy, Headers

ReadingEnd = CutBy | Literal["whole", "too_large", "unsupported"]


@dataclass(slots=True)
class Reading:
    """What was read: the `body` where nobody took it, its decoded `size`, and how the reading ended: at the body's end,
    before it (`length`: cut off by the plan, or "enough"; `disconnect`; `unspecified`: broken inside), beyond what it
    may have, or as soon as it proved to be of a type that is not used."""

    body: bytes
    size: int
    end: ReadingEnd


class _Held:
    """Pieces put together. A list that is joined at the end would hold them twice, and most bodies are one piece."""

    __slots__ = ("_buffer", "_only")

    def __init__(self) -> None:
        self._only = b""
        self._buffer: io.BytesIO | None = None

    def add(self, piece: bytes) -> None:
        if self._buffer is not None:
            self._buffer.write(piece)
        elif not self._only:
            self._only = piece
        else:
            self._buffer = io.BytesIO()
            self._buffer.write(self._only)
            self._buffer.write(piece)

    def whole(self) -> bytes:
        return self._only if self._buffer is None else self._buffer.getvalue()


TRANSFER_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})


def encodings_of(headers: Headers) -> str:
    """All that was done to the body, in order. Several lines are one list (RFC 9110, section 5.3), and a coding of the
    transfer, which nobody asked for, was done last."""
    said = [value for name, value in headers if name == "content-encoding"]
    for name, value in headers:
        if name == "transfer-encoding":
            said += [coding for coding in value.lower().split(",") if coding.strip() in TRANSFER_CODINGS]
    return ",".join(said).strip().lower()


async def read_body(
    stream: httpx.AsyncByteStream,
    headers: Headers,
    plan: BodyPlan,
    take: Callable[[bytes], Awaitable[bool]] | None,
    turns: DecodeTurns,
    hold: BodyHold,
    patience: Patience,
) -> Reading:
    """Read it to its end, to the plan's limit, or until `take` says that it has enough. `hold` holds what nobody took.

    Raises `ProtocolError` for encodings that are made to cost work, and for a body that cannot be decoded at all.
    """
    encoding = encodings_of(headers)
    plain = encoding in ("", "identity")
    length = next((value for name, value in headers if name == "content-length"), "")
    if plain and not plan.cut and length.isascii() and length.isdigit() and int(length) > plan.limit:
        return Reading(b"", 0, "too_large")
    decoder = None if plain else BodyDecoder(encoding, plan.limit, cut=plan.cut)
    held, size = _Held(), 0
    end: ReadingEnd = "whole"
    pieces = stream if decoder is None else _decoded(stream, decoder, turns)
    try:
        async for piece in pieces:
            size += len(piece)
            if size > plan.limit:
                if not plan.cut:
                    return Reading(b"", size, "too_large")
                piece = piece[: len(piece) - (size - plan.limit)]
                end = "length"
            if take is None:
                await hold.grow(min(size, plan.limit), patience)
                held.add(piece)
            elif piece and not await take(piece):
                end = "length"
            if plan.sniff is not None and size >= SNIFFED_BYTES:
                found = plan.sniff(held.whole())
                if found is None:
                    return Reading(held.whole(), size, "unsupported")
                plan = found
            if end == "length":
                break
    except CutShort:
        if not size or not plan.keeps_parts:
            raise
        end = "disconnect"
    if decoder is not None:
        if decoder.refusal is not None:
            raise ProtocolError(decoder.refusal)
        if decoder.undecodable:
            raise ProtocolError(f"its body is no {encoding[:100]}, which its Content-Encoding says, nor plain")
        if decoder.too_large and not plan.cut:
            return Reading(b"", size, "too_large")
        end = _end_of(decoder, end)
    body = held.whole()
    if plan.sniff is not None and plan.sniff(body) is None:
        return Reading(body, size, "unsupported")
    hold.settle(len(body))
    return Reading(body, min(size, plan.limit), end)


AT_ONCE_SECONDS = 0.25
"""So long a redirect's body may take: its connection can be used again then, and nobody reads it."""


async def pass_over(stream: httpx.AsyncByteStream) -> None:
    """Read a body that nobody needs, where it is there at once. However it ends, that is no matter."""
    size = 0
    with suppress(TimeoutError, TransportError, httpx.TransportError):
        async with asyncio.timeout(AT_ONCE_SECONDS):
            async for chunk in stream:
                size += len(chunk)
                if size > ERROR_PAGE_BYTES:
                    return


def _end_of(decoder: BodyDecoder, end: ReadingEnd) -> ReadingEnd:
    if decoder.too_large:
        return "length"
    if decoder.broken and end == "whole":
        return "disconnect" if decoder.early else "unspecified"
    return end


async def _decoded(stream: httpx.AsyncByteStream, decoder: BodyDecoder, turns: DecodeTurns) -> AsyncIterator[bytes]:
    """Until the body's end or the decoder's."""
    cut: CutShort | None = None
    try:
        async for chunk in stream:
            async for piece in turns.each(decoder.steps(chunk)):
                if piece:
                    yield piece
            if decoder.ended:
                return
    except CutShort as error:
        cut = error
    async for piece in turns.each(decoder.finish()):
        if piece:
            yield piece
    if cut is not None:
        raise cut
