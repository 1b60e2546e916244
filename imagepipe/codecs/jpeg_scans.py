"""What of a progressive JPEG can be shown while the rest is still on its way. Pure."""

import struct

from imagepipe.codecs.blocks import MAX_BLOCKS
from imagepipe.codecs.jpeg import MARKER, SIGNATURE, read_header
from imagepipe.errors import ImageError

_END_OF_IMAGE = b"\xff\xd9"
_STEP = 256 * 1024  # a millisecond or two
_SCAN, _END = 0xDA, 0xD9


class ScanWalk:
    """Looks for complete scans in a JPEG that grows, and at each byte once, however often it is asked."""

    def __init__(self) -> None:
        self._at = 0  # 0: the header is not whole yet
        self._header_from = len(SIGNATURE)
        self._inside = False
        self._left = MAX_BLOCKS
        self._over = False
        self._count = 0
        self._last = 0

    def advance(self, data: bytes) -> bool:
        """Look a step further. `data` begins as it did before. Whether there is more to look at."""
        if not self._at and not self._over:
            self._read_header(data)
        if not self._at or self._over:
            return False
        end = min(len(data), self._at + _STEP)
        while self._at < end and (found := MARKER.search(data, self._at, end)) is not None:
            if not self._pass(data, found.start(), found.end()):
                return False
        self._at = max(self._at, end - 1)  # the last byte may be the first of a marker
        return end < len(data)

    def last_end(self, limit: int) -> int | None:
        """Where the last complete scan ends; None where there is none, or more than `limit`."""
        return self._last if 0 < self._count <= limit else None

    def _read_header(self, data: bytes) -> None:
        """Tried again only when there is twice as much, so that all attempts together are linear."""
        if len(data) < self._header_from:
            return
        self._header_from = 2 * len(data)
        if not data.startswith(SIGNATURE):
            self._over = True
            return
        try:
            header = read_header(data)
        except ImageError:
            return  # not whole, or broken: the decoder will tell
        self._at = header.scan_at
        self._over = bool(header.scan_at) and not header.progressive

    def _pass(self, data: bytes, start: int, at: int) -> bool:
        """Go behind the segment of the marker at `start`; False where that is not possible, or not yet."""
        if self._inside:  # a scan is complete when another marker follows it
            self._count += 1
            self._last = start
            self._inside = False
        self._left -= 1
        if data[at - 1] == _END or self._left < 0:
            self._over = True
            return False
        if at + 2 > len(data):
            self._left += 1
            self._at = start
            return False
        self._inside = data[at - 1] == _SCAN
        self._at = at + max(int(struct.unpack_from(">H", data, at)[0]), 2)
        return True


def closed(data: bytes, end: int) -> bytes:
    """The scans up to `end` as a picture of their own."""
    return data[:end] + _END_OF_IMAGE
