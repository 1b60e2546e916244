"""Loads originals from their source: conditional with a stale one at hand, resumed with a part.

Above it the pipeline (which loads one picture once at a time), below it the `Source` port. Bytes once received are not
asked for twice, as long as their origin can say that they hold.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from imagepipe.config import PictureLimits, PipelineConfig
from imagepipe.errors import ImageError, PictureTooLarge, SourceBlocked, SourceFailed, SourceNotAllowed
from imagepipe.model import Original
from imagepipe.originals.limiter import LoadLimiter
from imagepipe.originals.partials import Download, continues, is_resumable
from imagepipe.originals.requester import OURSELVES, Requester
from imagepipe.originals.source_rules import host_of
from imagepipe.ports import Clock, PartialTier, Source, SourceEnded, SourceResponse, Wanted

CHECKPOINT_BYTES, CHECKPOINT_SECONDS = 256 * 1024, 2.0
"""What came is appended to the partial download as often as this: so much is lost when the process is killed."""

_FORBIDDEN: dict[str, type[ImageError]] = {"blocked_domain": SourceBlocked, "source_not_allowed": SourceNotAllowed}
"""Endings that no picture at hand stands in for, and that may be others in a moment."""

Progress = Callable[[str, int, int | None], None]


class Loader:
    """Loads for one pipeline."""

    def __init__(
        self,
        source: Source,
        partials: PartialTier,
        clock: Clock,
        limits: PictureLimits,
        config: PipelineConfig,
        progress: Progress,
        limiter: LoadLimiter,
    ) -> None:
        self.growing: dict[str, Download] = {}
        self.fetches = 0
        self._source = source
        self._partials = partials
        self._clock = clock
        self._limits = limits
        self._config = config
        self._progress = progress
        self._limiter = limiter
        self._saving: dict[asyncio.Task[None], str] = {}

    async def load(
        self, url: str, stale: Original | None, deadline: float, requester: Requester = OURSELVES
    ) -> Original:
        """The original as it is now; `stale` with a new time if its origin says that it still holds.

        Raises `SourceFailed`, `SourceBlocked`, `SourceNotAllowed`, `PictureTooLarge` or `Busy`. Cancelled, it keeps
        what came for the next time.
        """
        async with self._limiter.one(host_of(url), requester.client):
            return await self._load(url, stale, deadline, requester)

    async def _load(self, url: str, stale: Original | None, deadline: float, requester: Requester) -> Original:
        partial = None if stale is not None else await self._begun(url)
        wanted = Wanted(url, self._limits.bytes, deadline, hosts=(self._config.allow_hosts, requester.hosts))
        response = await self._ask(wanted, stale, partial)
        if response.status == 304 and stale is not None:
            return replace(stale, stored_at=self._clock.now(), stale_at=self._stale_at(response))
        if partial is not None and not continues(response, partial):
            if response.status == 206:  # the rest of something else: only the whole helps now
                await _close(response.chunks)
                response = await self._ask(wanted, None, None)
            partial = None
        return await self._receive(url, response, partial)

    async def close(self) -> None:
        """Wait for partial downloads that are being kept."""
        await asyncio.gather(*self._saving, return_exceptions=True)

    async def _begun(self, url: str) -> Original | None:
        """What an earlier download left behind, also one that has only just broken off."""
        saving = [task for task, of in self._saving.items() if of == url]
        if saving:
            await asyncio.wait(saving)
        return await self._partials.get(url)

    async def _ask(self, wanted: Wanted, stale: Original | None, partial: Original | None) -> SourceResponse:
        known = stale or partial
        self.fetches += 1
        answer = await self._source.fetch(
            replace(
                wanted,
                resume_from=len(partial.body) if partial is not None else 0,
                etag=known.etag if known is not None else None,
                last_modified=known.last_modified if known is not None else None,
            )
        )
        if isinstance(answer, SourceEnded):
            if answer.ending in _FORBIDDEN:
                raise _FORBIDDEN[answer.ending](answer.reason)
            raise SourceFailed(answer.reason, answer.ending, answer.retry_at)
        return answer

    async def _receive(self, url: str, response: SourceResponse, partial: Original | None) -> Original:
        begun = [] if partial is None else [partial.body]
        total = response.total if response.total is not None else (partial.total if partial is not None else None)
        if total is not None and total > self._limits.bytes:
            await _close(response.chunks)
            raise PictureTooLarge(f"{total} bytes announced; at most {self._limits.bytes}")
        length, now = sum(map(len, begun)), self._clock.monotonic()
        growing = Download(begun, length, total, response, is_resumable(response), now, saved=length)
        self.growing[url] = growing
        try:
            await self._fill(url, growing)
        except (asyncio.CancelledError, SourceFailed):
            self._keep(url, growing)
            raise
        except PictureTooLarge:
            await self._drop_part(url, growing)
            raise
        finally:
            self.growing.pop(url, None)
            await _close(response.chunks)
        self._check_total(url, growing)
        await self._drop_part(url, growing)
        return self._original(growing, growing.body)

    async def _drop_part(self, url: str, growing: Download) -> None:
        """The beginning is not needed any more; what is just being kept must not come back after it."""
        growing.over = True
        async with growing.saving:
            await self._partials.remove(url)

    async def _fill(self, url: str, growing: Download) -> None:
        async for chunk in growing.response.chunks:
            growing.add(chunk)
            if growing.received > self._limits.bytes:
                raise PictureTooLarge(f"more than {self._limits.bytes} bytes")
            if growing.received < (growing.total or self._limits.bytes) and self._is_due(growing):
                self._keep(url, growing)
            self._progress(url, growing.received, growing.total)

    def _is_due(self, growing: Download) -> bool:
        now = self._clock.monotonic()
        fresh = growing.received - growing.saved
        due = fresh >= CHECKPOINT_BYTES or now - growing.checkpoint_at >= CHECKPOINT_SECONDS
        if due:
            growing.checkpoint_at = now
        return due and not growing.saving.locked()

    def _check_total(self, url: str, growing: Download) -> None:
        if growing.total is None or growing.received == growing.total:
            return
        if growing.received < growing.total:
            self._keep(url, growing)
        message = f"{growing.received} bytes came; {growing.total} were announced"
        raise SourceFailed(message, "protocol_error")

    def _keep(self, url: str, growing: Download) -> None:
        """Keep what came, without making anyone wait. Only what its origin will continue is worth it."""
        if not growing.resumable or not growing.unsaved:
            return
        task = asyncio.get_running_loop().create_task(self._save(url, growing))
        self._saving[task] = url
        task.add_done_callback(self._saving.pop)

    async def _save(self, url: str, growing: Download) -> None:
        async with growing.saving:
            if growing.over or not growing.unsaved:
                return
            at, piece = growing.saved, b"".join(growing.unsaved)
            growing.unsaved.clear()
            growing.saved += len(piece)
            if await self._partials.extend(url, at, self._part(growing, piece)) or at == 0:
                return
            growing.unsaved.clear()
            growing.saved = growing.received
            await self._partials.extend(url, 0, self._part(growing, growing.body))

    def _part(self, growing: Download, body: bytes) -> Original:
        return replace(self._original(growing, body), total=growing.total)

    def _original(self, growing: Download, body: bytes) -> Original:
        response = growing.response
        return Original(
            body,
            response.content_type,
            self._clock.now(),
            self._stale_at(response),
            response.etag,
            response.last_modified,
        )

    def _stale_at(self, response: SourceResponse) -> float:
        return self._clock.now() + self._config.bounded_freshness(response.fresh_seconds)


async def _close(chunks: AsyncIterator[bytes]) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
