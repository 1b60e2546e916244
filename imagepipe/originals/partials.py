"""A download while it goes on, and whether its rest can be had later. Used by `loading` alone."""

import asyncio
from dataclasses import dataclass, field

from imagepipe.model import Original
from imagepipe.ports import SourceResponse


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
