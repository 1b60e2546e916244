"""A download while it goes on, and whether its rest can be had later. Used by `loading` alone."""

import asyncio
from dataclasses import dataclass, field

from imagepipe.codecs.jpeg_scans import ScanWalk, closed
from imagepipe.model import Original
from imagepipe.ports import SourceResponse

_SCAN_BYTES = 16 * 1024
"""So much must be new before it is looked at: the pieces are joined for it."""


@dataclass(slots=True)
class Download:
    """A picture that is being loaded: what is here so far, and how much it will be. Pieces are joined at the end.

    `saved` bytes are kept as a partial download, `unsaved` ones are not yet; `saving` lets one at a time be kept.
    """

    pieces: list[bytes]
    received: int
    total: int | None
    response: SourceResponse
    resumable: bool
    checkpoint_at: float
    saved: int = 0
    unsaved: list[bytes] = field(default_factory=list)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: bool = False
    scans: ScanWalk = field(default_factory=ScanWalk)
    scanning: asyncio.Lock = field(default_factory=asyncio.Lock)
    scanned: int = 0

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
