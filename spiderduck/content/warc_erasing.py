"""Overwrites the records of a page in a WARC file with tombstones of the same length, so that every other record stays
where it is. Pure but for the file.

A tombstone is a record with the id and the date of the one that was there and nothing else of it, uncompressed in its
gzip member, so that it can have any length. WARC readers pass over it as a metadata record.
"""

import os
import uuid
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from schedulers.model import ArchiveLocation

MARK = b"erased: yes\r\n"
HEADER, TRAILER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 8
COMMENTED = b"\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff"
"""The header of a member that carries a comment."""
MOST_STORED, STORED_HEAD = 65_535, 5
GZIP = 16 + zlib.MAX_WBITS
CHUNK = 64 * 1024
MOST_HEAD = 64 * 1024
"""Bytes in which the head of a record ends; a URL has 16,384 characters at most."""
BESIDE = 2
"""The records that belong to a response lie behind it: its request, and its metadata."""


def erase(path: Path, locations: Sequence[ArchiveLocation]) -> None:
    """On the disk when this returns; may be repeated. Raises OSError."""
    with path.open("r+b", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for location in locations:
            for at, length, head in _records(file, location):
                _write(file, at, _in_place_of(max(0, min(length, size - at)), head))
        os.fsync(file.fileno())


def is_tombstone(member: bytes) -> bool:
    """Whether that is a member that `tombstone` made."""
    return bytes(_inflated(member, MOST_HEAD)).partition(b"\r\n\r\n")[2].startswith(MARK)


def tombstone(length: int, record_id: bytes | None, date: bytes | None) -> bytes:
    """A whole gzip member of exactly that length. Raises ValueError where a record would not fit, which none of ours is
    short enough for."""
    blocks = -(-(length - len(HEADER) - TRAILER) // (MOST_STORED + STORED_HEAD))
    room = length - len(HEADER) - TRAILER - blocks * STORED_HEAD
    record_id = record_id or f"<urn:uuid:{uuid.UUID(int=0)}>".encode()
    record = _record(room, record_id, date or b"1970-01-01T00:00:00Z")
    if len(record) == room:
        return HEADER + _stored(record, blocks) + _trailer(record)
    shortest = _record(0, record_id, date or b"1970-01-01T00:00:00Z")
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    body = deflate.compress(shortest) + deflate.flush()
    padding = length - len(COMMENTED) - 1 - len(body) - TRAILER
    if padding < 0:
        raise ValueError(f"a record of {length} bytes has no room for a tombstone")
    return COMMENTED + b" " * padding + b"\x00" + body + _trailer(shortest)


def _in_place_of(length: int, head: dict[bytes, bytes]) -> bytes:
    """A tombstone; for what a crash cut so short that there is no room for one, nothing at all."""
    try:
        return tombstone(length, head.get(b"warc-record-id"), head.get(b"warc-date"))
    except ValueError:
        return bytes(length)


def _record(room: int, record_id: bytes, date: bytes) -> bytes:
    """Filled up with spaces to `room` bytes where that is more than it needs."""
    head = b"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: %b\r\nWARC-Date: %b\r\n" % (record_id, date)
    said = b"Content-Type: application/warc-fields\r\nContent-Length: %d\r\n\r\n"
    block = len(MARK)
    for _ in range(3):  # the digits of the length count as well
        block = max(len(MARK), room - len(head) - len(said % block) - 4)
    return head + said % block + MARK + b" " * (block - len(MARK)) + b"\r\n\r\n"


def _stored(data: bytes, blocks: int) -> bytes:
    """As deflate blocks that are not compressed, exactly so many."""
    made, at = [], 0
    for number in range(blocks):
        left = blocks - number - 1
        piece = data[at : at + MOST_STORED] if left else data[at:]
        at += len(piece)
        made.append(bytes([not left]) + len(piece).to_bytes(2, "little") + (len(piece) ^ 0xFFFF).to_bytes(2, "little"))
        made.append(piece)
    return b"".join(made)


def _trailer(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")


def _records(file: BinaryIO, location: ArchiveLocation) -> Iterator[tuple[int, int, dict[bytes, bytes]]]:
    """Place, length and head of the response and of those that belong to it."""
    file.seek(location.offset)
    response = _head(file.read(min(location.length, CHUNK)))
    beside, at = [], location.offset + location.length
    for _ in range(BESIDE):
        file.seek(at)
        length, head = _member(file)
        if not length or (_is_other(head, response) and not _is_left(file, at, length)):
            break
        beside.append((at, length, head))
        at += length
    yield location.offset, location.length, response  # first: whoever repeats this finds what belongs to it
    yield from beside


def _is_other(head: dict[bytes, bytes], response: dict[bytes, bytes]) -> bool:
    belongs_to = head.get(b"warc-concurrent-to")
    return belongs_to is None or belongs_to != response.get(b"warc-record-id")


def _is_left(file: BinaryIO, at: int, length: int) -> bool:
    """Whether that is a tombstone of an earlier try."""
    file.seek(at)
    return is_tombstone(file.read(min(length, CHUNK)))


def _member(file: BinaryIO) -> tuple[int, dict[bytes, bytes]]:
    """Length and head of the member that begins here; 0 where none does."""
    inflate, length, begun = zlib.decompressobj(GZIP), 0, b""
    while not inflate.eof:
        chunk = file.read(CHUNK)
        if not chunk:
            return 0, {}
        try:
            data = inflate.decompress(chunk)
        except zlib.error:
            return 0, {}
        begun = begun or data[:MOST_HEAD]
        length += len(chunk) - len(inflate.unused_data)
    return length, _fields(begun)


def _head(member: bytes) -> dict[bytes, bytes]:
    return _fields(_inflated(member, MOST_HEAD))


def _inflated(member: bytes, most: int) -> bytes:
    """The beginning of a member; empty where it is none."""
    try:
        return zlib.decompressobj(GZIP).decompress(member, most)
    except zlib.error:
        return b""


def _fields(record: bytes) -> dict[bytes, bytes]:
    lines = record.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}


def _write(file: BinaryIO, at: int, data: bytes) -> None:
    file.seek(at)
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
