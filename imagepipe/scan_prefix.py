"""The part of a progressive JPEG that can be shown while the rest is still on its way."""

from imagepipe.codecs.jpeg import Jpeg, read_header, scan_ends
from imagepipe.errors import BrokenPicture

_END = b"\xff\xd9"


def scan_prefix(data: bytes, limit: int) -> bytes | None:
    """All complete scans so far, closed properly; None where there is none, or it is no progressive JPEG."""
    if not Jpeg().recognises(data[:64]):
        return None
    try:
        header = read_header(data)
    except BrokenPicture:
        return None  # not even the header is here
    if not header.progressive or not header.scan_at:
        return None
    ends = scan_ends(data, header.scan_at, limit)
    return data[: ends[-1]] + _END if 0 < len(ends) <= limit else None
