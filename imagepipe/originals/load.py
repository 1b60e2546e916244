"""Loads originals from their source: conditional with a stale one at hand, resumed with a part.

Above it the look-up (which loads one picture once at a time), below it the `Source` port. Bytes once received are not
asked for twice, as long as their origin can say that they hold.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from groundwork.clock import Clock
from imagepipe.config import PipelineConfig
from imagepipe.errors import ImageError, PictureTooLarge, SourceBlocked, SourceFailed, SourceNotAllowed
from imagepipe.limiter import FairLimiter
from imagepipe.model import Original, Storage
from imagepipe.originals.partials import Download, Partials, continues
from imagepipe.originals.source_rules import host_of
from imagepipe.ports import Source, SourceEnded, SourceResponse, Wanted

_FORBIDDEN: dict[str, type[ImageError]] = {"blocked_domain": SourceBlocked, "source_not_allowed": SourceNotAllowed}
"""Endings that no picture at hand stands in for, and that may be others in a moment."""

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Requester:
    """For whom a picture is loaded. `client` counts for the limits ("" for our own work, which has none).

    Where `hosts` is not empty, redirects may lead to these hosts only: the permission came from that list.
    """

    client: str = ""
    hosts: tuple[str, ...] = ()

    def flight(self, key: str) -> str:
        """The key under which equal work is shared: never with somebody whose redirects may lead elsewhere."""
        return key if not self.hosts else f"{key}\nonly {' '.join(self.hosts)}"


OURSELVES = Requester()


@dataclass(frozen=True, slots=True)
class LoadRules:
    """What one pipeline takes: at most `max_bytes` within `seconds`, from the hosts and as fresh as `config` says."""

    config: PipelineConfig
    max_bytes: int
    seconds: float


class Loader:
    """Loads for one pipeline. `downloads` are those under way, `fetches` counts the questions to the source."""

    def __init__(
        self,
        source: Source,
        partials: Partials,
        rules: LoadRules,
        limiter: FairLimiter,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self.downloads: dict[str, Download] = {}
        self.fetches = 0
        self.partials = partials
        self._source = source
        self._rules = rules
        self._limiter = limiter
        self._clock = clock
        self._progress = progress

    async def load(self, url: str, stale: Original | None, requester: Requester = OURSELVES) -> Original:
        """The original as it is now; `stale` with a new time if its origin says that it still holds.

        Raises `SourceFailed`, `SourceBlocked`, `SourceNotAllowed`, `PictureTooLarge` or `Busy`. Cancelled, it keeps
        what came for the next time.
        """
        hosts = (self._rules.config.allow_hosts, requester.hosts)
        deadline = self._clock.now() + self._rules.seconds  # waiting for one's turn counts
        async with self._limiter.one(host_of(url), requester.client):
            return await self._load(Wanted(url, self._rules.max_bytes, deadline, hosts=hosts), stale)

    async def _load(self, wanted: Wanted, stale: Original | None) -> Original:
        partial = None if stale is not None else await self.partials.get(wanted.url)
        response = await self._ask(wanted, stale, partial)
        if response.status == 304 and stale is not None:
            return self._confirmed(stale, response)
        if partial is not None and not continues(response, partial):
            if response.status == 206:  # the rest of something else: only the whole helps now
                await _close(response.chunks)
                response = await self._ask(wanted, None, None)
            partial = None
        return await self._receive(wanted.url, response, partial)

    def _confirmed(self, stale: Original, response: SourceResponse) -> Original:
        """The same bytes with what a 304 says of them; what it leaves unsaid holds on (RFC 9111, 4.3.4)."""
        now = self._clock.now()
        stale_at = self._stale_at(response)
        if response.fresh_seconds is None:
            stale_at = max(stale_at, now + stale.stale_at - stale.stored_at)
        return replace(
            stale,
            stored_at=now,
            stale_at=stale_at,
            etag=response.etag or stale.etag,
            last_modified=response.last_modified or stale.last_modified,
            storage=self._storage(response),
        )

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
            raise SourceFailed(answer.reason, answer.ending, answer.retry_at, answer.status)
        return answer

    async def _receive(self, url: str, response: SourceResponse, partial: Original | None) -> Original:
        begun = [] if partial is None else [partial.body]
        total = response.total if response.total is not None else (partial.total if partial is not None else None)
        if total is not None and total > self._rules.max_bytes:
            await _close(response.chunks)
            raise PictureTooLarge(f"{total} bytes announced; at most {self._rules.max_bytes}")
        length, now = sum(map(len, begun)), self._clock.monotonic()
        download = self.downloads[url] = Download(url, begun, length, total, response, now, saved=length)
        try:
            await self._fill(download)
        except (asyncio.CancelledError, SourceFailed):
            self.partials.keep(download)
            raise
        except PictureTooLarge:
            await self.partials.drop(download)
            raise
        finally:
            self.downloads.pop(url, None)
            await _close(response.chunks)
        self._check_total(download)
        await self.partials.drop(download)
        return self._original(download)

    async def _fill(self, download: Download) -> None:
        most = self._rules.max_bytes
        async for chunk in download.response.chunks:
            download.add(chunk)
            if download.received > most:
                raise PictureTooLarge(f"more than {most} bytes")
            if download.received < (download.total or most):
                self.partials.checkpoint(download)
            self._progress(download.url, download.received, download.total)

    def _check_total(self, download: Download) -> None:
        if download.total is None or download.received == download.total:
            return
        if download.received < download.total:
            self.partials.keep(download)
        raise SourceFailed(f"{download.received} bytes arrived; {download.total} were announced", "protocol_error")

    def _original(self, download: Download) -> Original:
        said = download.response
        stored_at, stale_at = self._clock.now(), self._stale_at(said)
        made = Original(download.body, said.content_type, stored_at, stale_at, said.etag, said.last_modified)
        return replace(made, storage=self._storage(said), total=download.total)

    def _storage(self, response: SourceResponse) -> Storage:
        return "anybody" if self._rules.config.store_private else response.storage

    def _stale_at(self, response: SourceResponse) -> float:
        """What nobody else may keep is fresh for as long as its origin says, and not longer."""
        if self._storage(response) != "anybody":
            return self._clock.now() + (response.fresh_seconds or 0.0)
        return self._clock.now() + self._rules.config.bounded_freshness(response.fresh_seconds)


async def _close(chunks: AsyncIterator[bytes]) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
