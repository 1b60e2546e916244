"""Downloads while they go on, and what is kept of them so that a broken one is continued. Used by `load` alone."""

import asyncio
from dataclasses import dataclass, field

from groundwork.clock import Clock
from imagepipe.codecs.jpeg_scans import ScanWalk, closed
from imagepipe.model import Original
from imagepipe.ports import PartialTier, SourceResponse

CHECKPOINT_BYTES, CHECKPOINT_SECONDS = 256 * 1024, 2.0
"""What came is appended to the partial download as often as this: so much is lost when the process is killed."""

_SCAN_BYTES = 16 * 1024
"""So much must be new before it is looked at: the pieces are joined for it."""


@dataclass(slots=True)
class Download:
    """A picture that is being loaded: what is here so far, and how much it will be. Pieces are joined at the end.

    `saved` bytes are kept as a partial download, `unsaved` ones are not yet; `saving` lets one at a time be kept.
    """

    url: str
    pieces: list[bytes]
    received: int
    total: int | None
    response: SourceResponse
    checkpoint_at: float
    saved: int = 0
    unsaved: list[bytes] = field(default_factory=list)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: bool = False
    scans: ScanWalk = field(default_factory=ScanWalk)
    scanning: asyncio.Lock = field(default_factory=asyncio.Lock)
    scanned: int = 0
    resumable: bool = field(init=False)

    def __post_init__(self) -> None:
        self.resumable = is_resumable(self.response)

    def add(self, chunk: bytes) -> None:
        self.pieces.append(chunk)
        if self.resumable:
            self.unsaved.append(chunk)
        self.received += len(chunk)

    @property
    def body(self) -> bytes:
        """All that is here. Whoever asks again gets the same bytes, not another copy."""
        if len(self.pieces) > 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0] if self.pieces else b""

    async def shown_until(self, limit: int) -> int | None:
        """How many bytes of a progressive JPEG are complete scans; None where there is none, or more than `limit`.

        Looks at what is new since the last time, in steps between which others have their turn.
        """
        async with self.scanning:
            if self.received - self.scanned >= (_SCAN_BYTES if self.scanned else 1):
                data = self.body
                while self.scans.advance(data):  # noqa: ASYNC110  it waits for nothing, but lets others have their turn
                    await asyncio.sleep(0)
                self.scanned = len(data)
            return self.scans.last_end(limit)

    def begin(self, end: int) -> bytes:
        """The first `end` bytes, which `shown_until` gave, as a picture of their own."""
        return closed(self.pieces[0], end)


class Partials:
    """The beginnings of one pipeline's downloads. Only what its origin will continue is kept."""

    def __init__(self, tier: PartialTier, clock: Clock) -> None:
        self._tier = tier
        self._clock = clock
        self._saving: dict[asyncio.Task[None], str] = {}

    async def get(self, url: str) -> Original | None:
        """What an earlier download left behind, also one that has only just broken off."""
        saving = [task for task, of in self._saving.items() if of == url]
        if saving:
            await asyncio.wait(saving)
        return await self._tier.get(url)

    def checkpoint(self, download: Download) -> None:
        """Keep what came, if enough did since the last time."""
        now = self._clock.monotonic()
        fresh = download.received - download.saved
        if fresh >= CHECKPOINT_BYTES or now - download.checkpoint_at >= CHECKPOINT_SECONDS:
            download.checkpoint_at = now
            if not download.saving.locked():
                self.keep(download)

    def keep(self, download: Download) -> None:
        """Keep what came, without making anyone wait."""
        if not download.resumable or not download.unsaved:
            return
        task = asyncio.get_running_loop().create_task(self._save(download))
        self._saving[task] = download.url
        task.add_done_callback(self._saving.pop)

    async def drop(self, download: Download) -> None:
        """The beginning is not needed any more; what is just being kept must not come back after it."""
        download.over = True
        async with download.saving:
            await self._tier.remove(download.url)

    async def close(self) -> None:
        """Wait for what is being kept."""
        await asyncio.gather(*self._saving, return_exceptions=True)

    async def _save(self, download: Download) -> None:
        async with download.saving:
            if download.over or not download.unsaved:
                return
            at, piece = download.saved, b"".join(download.unsaved)
            download.unsaved.clear()
            download.saved += len(piece)
            if await self._tier.extend(download.url, at, self._part(download, piece)) or at == 0:
                return
            download.unsaved.clear()
            download.saved = download.received
            await self._tier.extend(download.url, 0, self._part(download, download.body))

    def _part(self, download: Download, body: bytes) -> Original:
        said, now = download.response, self._clock.now()
        return Original(body, said.content_type, now, now, said.etag, said.last_modified, total=download.total)


def is_resumable(response: SourceResponse) -> bool:
    """By `If-Range`, which takes only a strong ETag, or else a date (RFC 9110, 13.1.5)."""
    strong = response.etag is not None and not response.etag.startswith("W/")
    return (response.accept_ranges or response.status == 206) and (strong or response.last_modified is not None)


def continues(response: SourceResponse, partial: Original) -> bool:
    """Whether an answer is the rest of just that beginning."""
    if response.etag is not None and partial.etag is not None and response.etag != partial.etag:
        return False  # some servers take `Range` and overlook `If-Range`
    same_total = partial.total is None or response.total is None or partial.total == response.total
    return response.status == 206 and response.start == len(partial.body) and same_total
