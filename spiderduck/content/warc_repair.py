"""Cuts a file that a crash tore to its last whole record. Pure but for the file; each record is a gzip member of its
own."""

import zlib
from pathlib import Path

CHUNK = 1024 * 1024
GZIP = 16 + zlib.MAX_WBITS


def cut_to_whole_records(path: Path) -> int:
    """Returns how many bytes went. A file without a whole record is deleted."""
    size = path.stat().st_size
    whole = whole_bytes(path)
    if whole == 0:
        path.unlink()
    elif whole < size:
        with path.open("rb+") as file:
            file.truncate(whole)
    return size - whole


def whole_bytes(path: Path) -> int:
    """Where the last whole member ends. A member is whole when its checksum is right."""
    end = position = 0
    member = zlib.decompressobj(GZIP)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            while chunk:
                try:
                    member.decompress(chunk)
                except zlib.error:
                    return end
                rest = member.unused_data
                position += len(chunk) - len(rest)
                if member.eof:
                    end, member = position, zlib.decompressobj(GZIP)
                chunk = rest
    return end
