"""An answer's body as its server sends it: read, decoded and cut within its limits. Made by `exchange.py`.

The time limit counts while the server is waited for, and not while whoever reads is busy elsewhere.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress

from fetchers.body.chunks import BodyEnd, Chunks
from fetchers.body.decoding import BodyDecoder, can_undo
from fetchers.body.labelled import coding_by_mark
from fetchers.body.limits import ERROR_PAGE_BYTES, BodyPlan, encodings_of
from fetchers.body.turns import DecodeTurns
from fetchers.errors import CutShort, ProtocolError, TimedOut, TransportError
from fetchers.media_type import SNIFFED_BYTES, sniffed_type
from fetchers.model import CutBy, Ended, Ending, Response

LATE_SECONDS = 0.1
"""A timer that rings so much too late says that our own loop stood still. The server is given that time."""


class TimeLimit:
    """The time that the answer of `host` may take: `seconds` of waiting for it, all of them within `left` from now.

    `with` it around each wait, which raises TimeoutError where no time is left. One timer serves all waits of an
    answer: `asyncio.timeout` around each would cost a third of a small fetch.
    """

    __slots__ = (
        "_began",
        "_begun",
        "_cancelling",
        "_due",
        "_host",
        "_latest",
        "_loop",
        "_rang",
        "_seconds",
        "_task",
        "_timer",
        "spent",
    )

    def __init__(self, host: str, seconds: float, left: float) -> None:
        self.spent = 0.0
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._begun = self._began = self._loop.time()
        self._latest = self._begun + left
        self._seconds = min(seconds, left)
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._rang = False

    @property
    def idle(self) -> float:
        """Seconds so far in which nobody waited for the server."""
        return max(self._loop.time() - self._begun - self.spent, 0.0)

    def ended(self) -> Ended:
        """How the answer ends where the time is over."""
        return Ended(Ending.TIMED_OUT, f"{self._host} did not finish its answer within {self._seconds:.0f} s")

    def close(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> None:
        self._began = self._loop.time()
        self._due = min(self._began + self._seconds - self.spent, self._latest)
        task = self._task = asyncio.current_task()
        self._cancelling = 0 if task is None else task.cancelling()
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._ring)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self.spent += self._loop.time() - self._began
        task, self._task = self._task, None
        if self._rang and task is not None:
            self._rang = False
            if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _ring(self) -> None:
        self._timer = None
        if self._task is None:
            return  # the next wait sets it again
        now = self._loop.time()
        if now - self._due > LATE_SECONDS:
            self._due = now + min(now - self._due, self._seconds)  # what came meanwhile has not been read yet
        if now < self._due:
            self._timer = self._loop.call_at(self._due, self._ring)
        else:
            self._rang = True
            self._task.cancel()


class AnswerBody(Chunks):
    """The body of one answer. `size` counts its decoded bytes."""

    def __init__(
        self, head: Response, raw: AsyncIterator[bytes], plan: BodyPlan, turns: DecodeTurns, time: TimeLimit
    ) -> None:
        super().__init__(head)
        self.size = 0
        self._plan = plan
        self._time = time
        self._start = b""  # what its type is read from, where its head says none
        self._turns = turns
        self._encoding = encodings_of(head.headers)
        self._decoder: BodyDecoder | None = None
        if can_undo(self._encoding):
            pieces = self._decode(raw, self._encoding)
        else:
            pieces = self._read_by_mark(raw) if plan.is_text else raw
        self._pieces = self._within_limits(pieces)

    async def aclose(self) -> None:
        """Nothing more is read."""
        await self._pieces.aclose()

    async def _pull(self) -> bytes:
        try:
            with self._time:
                return await anext(self._pieces)
        except TimeoutError:
            ended = self._time.ended()
        except TransportError as error:
            ended = error.as_ending()
        except _Unwanted as error:
            ended = error.ended
        raise self._broken_off(ended)

    async def _within_limits(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        cut_by: CutBy | None = None
        try:
            async for piece in pieces:
                self.size += len(piece)
                if self.size > self._plan.limit:
                    if not self._plan.cut:
                        raise _Unwanted(self._plan.exceeded())
                    piece = piece[: len(piece) - (self.size - self._plan.limit)]
                    self.size, cut_by = self._plan.limit, "length"
                if self._plan.sniff is not None:
                    self._start += piece[: SNIFFED_BYTES - len(self._start)]
                    if len(self._start) >= SNIFFED_BYTES:
                        self._sniff(self._plan.sniff)
                if piece:
                    yield piece
                if cut_by is not None:
                    break
        except (CutShort, TimedOut) as error:
            if not self.size or not self._plan.keeps_parts:
                raise
            cut_by = "disconnect" if isinstance(error, CutShort) else "time"
        if self._decoder is not None:
            cut_by = self._decoded_to(self._decoder, cut_by)
        if self._plan.sniff is not None:
            self._sniff(self._plan.sniff)
        self.end = BodyEnd(cut_by, self._time.spent)

    def _decode(self, raw: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
        self._encoding = encoding
        self._decoder = BodyDecoder(encoding, self._plan.limit, cut=self._plan.cut)
        return _decoded(raw, self._decoder, self._turns)

    async def _read_by_mark(self, raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Text that came compressed without a word of it: its first bytes are a mark that no text begins with."""
        start = await anext(raw, b"")
        while (coding := coding_by_mark(start)) == "" and (more := await anext(raw, b"")):
            start += more
        coding = coding or self._encoding.replace("identity", "")  # undoes nothing, and looks whether it is text
        if coding:
            async for piece in self._decode(_put_back(start, raw), coding):
                yield piece
            return
        if start:
            yield start
        async for piece in raw:
            yield piece

    def _sniff(self, sniff: Callable[[bytes], BodyPlan | None]) -> None:
        plan = sniff(self._start)
        if plan is None:
            raise _Unwanted(unsupported(sniffed_type(self._start), self.head))
        self._plan = plan

    def _decoded_to(self, decoder: BodyDecoder, cut_by: CutBy | None) -> CutBy | None:
        """Why the body ends early, as far as its encoding says."""
        if decoder.refusal is not None:
            raise ProtocolError(decoder.refusal)
        if decoder.undecodable:
            raise ProtocolError(f"its body is no {self._encoding[:100]}, which its Content-Encoding says, nor plain")
        if self._plan.is_text and decoder.garbled:
            raise ProtocolError(f"its body is no text, which its type says, nor more than {self._encoding[:100]}")
        if decoder.too_large:
            if not self._plan.cut:
                raise _Unwanted(self._plan.exceeded())
            return "length"
        if decoder.broken and cut_by is None:
            return "disconnect" if decoder.early else "unspecified"
        return cut_by


class NoBody(Chunks):
    """The body of an answer whose body nobody wants."""

    def __init__(self, head: Response) -> None:
        super().__init__(head)
        self.end = BodyEnd(elapsed=head.elapsed)


class _Unwanted(Exception):
    """The body is not one that is read to its end."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.reason)
        self.ended = ended


def unsupported(kind: str, response: Response) -> Ended:
    """How a fetch ends whose body is of a type that is not used."""
    return Ended(Ending.UNSUPPORTED_TYPE, f"its type {kind[:100]!r} is none that says something about a link", response)


AT_ONCE_SECONDS = 0.25
"""So long a redirect's body may take: its connection can be used again then, and nobody reads it."""


async def pass_over(raw: AsyncIterator[bytes]) -> None:
    """Read a body that nobody needs, where it is there at once. However it ends, that is no matter."""
    size = 0
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(AT_ONCE_SECONDS):
            async for chunk in raw:
                size += len(chunk)
                if size > ERROR_PAGE_BYTES:
                    return


async def _put_back(start: bytes, raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield start
    async for chunk in raw:
        yield chunk


async def _decoded(raw: AsyncIterator[bytes], decoder: BodyDecoder, turns: DecodeTurns) -> AsyncIterator[bytes]:
    """Until the body's end or the decoder's."""
    cut: TransportError | None = None
    try:
        async for chunk in raw:
            async for piece in turns.each(decoder.steps(chunk)):
                if piece:
                    yield piece
            if decoder.ended:
                return
    except (CutShort, TimedOut) as error:
        cut = error
    async for piece in turns.each(decoder.finish()):
        if piece:
            yield piece
    if cut is not None:
        raise cut
