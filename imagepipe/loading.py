"""Loads originals from their source: conditional with a stale one at hand, resumed with a part.

Above it the pipeline (which loads one picture once at a time), below it the `Source` port. The one rule: bytes once
received are not asked for twice, as long as their origin can say that they hold.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from imagepipe.config import PictureLimits, PipelineConfig
from imagepipe.errors import PictureTooLarge, SourceFailed
from imagepipe.model import Original
from imagepipe.ports import Clock, OriginalTier, Source, SourceEnded, SourceResponse, Wanted

_FIRST_CHECKPOINT = 256 * 1024
"""The partial download is written after 256 KiB, then at each doubling: at most twice the bytes are written in all."""

Progress = Callable[[str, int, int | None], None]


@dataclass(slots=True)
class Growing:
    """A picture that is being loaded: what is here so far, and how much it will be. Pieces are joined at the end."""

    pieces: list[bytes]
    received: int
    total: int | None
    response: SourceResponse
    resumable: bool

    def add(self, chunk: bytes) -> None:
        self.pieces.append(chunk)
        self.received += len(chunk)

    @property
    def body(self) -> bytes:
        """All that is here. Whoever asks again gets the same bytes, not another copy."""
        if len(self.pieces) > 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0] if self.pieces else b""


class Loader:
    """Loads for one pipeline."""

    def __init__(
        self,
        source: Source,
        partials: OriginalTier,
        clock: Clock,
        limits: PictureLimits,
        config: PipelineConfig,
        progress: Progress,
    ) -> None:
        self.growing: dict[str, Growing] = {}
        self.fetches = 0
        self._source = source
        self._partials = partials
        self._clock = clock
        self._limits = limits
        self._config = config
        self._progress = progress
        self._saving: set[asyncio.Task[bool]] = set()

    async def load(self, url: str, stale: Original | None, deadline: float) -> Original:
        """The original as it is now; `stale` with a new time if its origin says that it still holds.

        Raises `SourceFailed` or `PictureTooLarge`. Cancelled, it keeps what came for the next time.
        """
        partial = None if stale is not None else await self._partials.get(url)
        response = await self._ask(url, stale, partial, deadline)
        if response.status == 304 and stale is not None:
            return replace(stale, stored_at=self._clock.now(), stale_at=self._stale_at(response))
        if partial is not None and not _continues(response, partial):
            if response.status == 206:  # the rest of something else: only the whole helps now
                await _close(response.chunks)
                response = await self._ask(url, None, None, deadline)
            partial = None
        original = await self._receive(url, response, partial)
        await self._partials.remove(url)
        return original

    async def close(self) -> None:
        """Wait for partial downloads that are being kept."""
        await asyncio.gather(*self._saving, return_exceptions=True)

    async def _ask(self, url: str, stale: Original | None, partial: Original | None, deadline: float) -> SourceResponse:
        known = stale or partial
        self.fetches += 1
        answer = await self._source.fetch(
            Wanted(
                url,
                self._limits.bytes,
                deadline,
                resume_from=len(partial.body) if partial is not None else 0,
                etag=known.etag if known is not None else None,
                last_modified=known.last_modified if known is not None else None,
            )
        )
        if isinstance(answer, SourceEnded):
            raise SourceFailed(answer.reason, answer.ending, answer.retry_at)
        return answer

    async def _receive(self, url: str, response: SourceResponse, partial: Original | None) -> Original:
        begun = [] if partial is None else [partial.body]
        total = response.total if response.total is not None else (partial.total if partial is not None else None)
        if total is not None and total > self._limits.bytes:
            await _close(response.chunks)
            raise PictureTooLarge(f"{total} bytes announced; at most {self._limits.bytes}")
        growing = self.growing[url] = Growing(begun, sum(map(len, begun)), total, response, _resumable(response))
        try:
            await self._fill(url, growing)
        except (asyncio.CancelledError, SourceFailed):
            self._keep(url, growing)
            raise
        finally:
            self.growing.pop(url, None)
            await _close(response.chunks)
        self._check_total(url, growing)
        return self._original(growing)

    async def _fill(self, url: str, growing: Growing) -> None:
        checkpoint = max(_FIRST_CHECKPOINT, 2 * growing.received)
        async for chunk in growing.response.chunks:
            growing.add(chunk)
            if growing.received > self._limits.bytes:
                raise PictureTooLarge(f"more than {self._limits.bytes} bytes")
            if checkpoint <= growing.received < (growing.total or self._limits.bytes):
                checkpoint = 2 * growing.received
                self._keep(url, growing)
            self._progress(url, growing.received, growing.total)

    def _check_total(self, url: str, growing: Growing) -> None:
        if growing.total is None or growing.received == growing.total:
            return
        if growing.received < growing.total:
            self._keep(url, growing)
        message = f"{growing.received} bytes came; {growing.total} were announced"
        raise SourceFailed(message, "protocol_error")

    def _keep(self, url: str, growing: Growing) -> None:
        """Keep what came, without making anyone wait. Only what its origin will continue is worth it."""
        if not growing.resumable or not growing.received:
            return
        part = replace(self._original(growing), total=growing.total)
        task = asyncio.get_running_loop().create_task(self._partials.put(url, part))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    def _original(self, growing: Growing) -> Original:
        response = growing.response
        return Original(
            growing.body,
            response.content_type,
            self._clock.now(),
            self._stale_at(response),
            response.etag,
            response.last_modified,
        )

    def _stale_at(self, response: SourceResponse) -> float:
        said = response.fresh_seconds if response.fresh_seconds is not None else self._config.min_fresh_seconds
        fresh = min(max(said, self._config.min_fresh_seconds), self._config.max_fresh_seconds)
        return self._clock.now() + fresh


def _resumable(response: SourceResponse) -> bool:
    """By `If-Range`, which takes only a strong ETag, or else a date (RFC 9110, 13.1.5)."""
    strong = response.etag is not None and not response.etag.startswith("W/")
    return (response.accept_ranges or response.status == 206) and (strong or response.last_modified is not None)


def _continues(response: SourceResponse, partial: Original) -> bool:
    if response.etag is not None and partial.etag is not None and response.etag != partial.etag:
        return False  # some servers take `Range` and overlook `If-Range`
    same_total = partial.total is None or response.total is None or partial.total == response.total
    return response.status == 206 and response.start == len(partial.body) and same_total


async def _close(chunks: AsyncIterator[bytes]) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
