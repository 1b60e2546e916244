"""The reading of an answer's body, decoded and within its limits. Called by `exchange.py` once the head is there.

A body is held once at the most, and not at all where somebody takes it while it comes.
"""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import httpx

from fetchers.body.budget import BodyHold, Patience
from fetchers.body.decoding import BodyDecoder
from fetchers.body.limits import BodyPlan
from fetchers.body.turns import DecodeTurns
from fetchers.errors import ProtocolError

ReadingEnd = Literal["whole", "early", "too_large"]


@dataclass(slots=True)
class Reading:
    """What was read: the `body` where nobody took it, its decoded `size`, and how the reading ended: at the body's end,
    before it (cut off by the plan, broken inside, or "enough"), or beyond what it may have."""

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


async def read_body(
    stream: httpx.AsyncByteStream,
    headers: dict[str, str],
    plan: BodyPlan,
    take: Callable[[bytes], Awaitable[bool]] | None,
    turns: DecodeTurns,
    hold: BodyHold,
    patience: Patience,
) -> Reading:
    """Read it to its end, to the plan's limit, or until `take` says that it has enough. `hold` holds what nobody took.

    Raises `ProtocolError` for encodings that are made to cost work.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    plain = encoding in ("", "identity")
    length = headers.get("content-length", "")
    if plain and not plan.cut and length.isascii() and length.isdigit() and int(length) > plan.limit:
        return Reading(b"", 0, "too_large")
    decoder = None if plain else BodyDecoder(encoding, plan.limit, cut=plan.cut)
    held, size = _Held(), 0
    end: ReadingEnd = "whole"
    async for piece in stream if decoder is None else _decoded(stream, decoder, turns):
        size += len(piece)
        if size > plan.limit:
            if not plan.cut:
                return Reading(b"", size, "too_large")
            piece = piece[: len(piece) - (size - plan.limit)]
            end = "early"
        if take is None:
            await hold.grow(min(size, plan.limit), patience)
            held.add(piece)
        elif piece and not await take(piece):
            end = "early"
        if end == "early":
            break
    if decoder is not None:
        decoder.finish()
        if decoder.refusal is not None:
            raise ProtocolError(decoder.refusal)
        if decoder.too_large and not plan.cut:
            return Reading(b"", size, "too_large")
        if decoder.too_large or decoder.broken:
            end = "early"
    body = held.whole()
    hold.settle(len(body))
    return Reading(body, min(size, plan.limit), end)


async def _decoded(stream: httpx.AsyncByteStream, decoder: BodyDecoder, turns: DecodeTurns) -> AsyncIterator[bytes]:
    """Until the body's end or the decoder's."""
    async for chunk in stream:
        async for piece in turns.each(decoder.steps(chunk)):
            if piece:
                yield piece
        if decoder.ended:
            return
