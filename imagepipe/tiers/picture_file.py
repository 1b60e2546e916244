"""The file of one original on disk: a header with length and hash, what the origin said, the bytes. Blocking.

The file of a beginning (`growing`) has pieces behind that, each with its own length and hash: an append writes nothing
twice, and one that was torn by a crash is cut off when the file is next looked at.

Written aside, flushed, then renamed: under its name a file is whole or absent. A torn one (a disk that lied) is found
by length and hash when it is read. The hash guards against accidents only, so it is the quickest one (CRC-32 by ISA-L:
0.05 ms for a megabyte, where SHA-256 takes 0.5).
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import msgspec
from isal.isal_zlib import crc32

from imagepipe.model import Original

_HEADER = struct.Struct("<4sIQI")
_PIECE = struct.Struct("<4sII")
_MAGIC, _PIECE_MAGIC = b"IPF2", b"IPP1"
_MAX_META = 64 * 1024


class Meta(msgspec.Struct, frozen=True):
    """What stands between header and bytes."""

    identifier: str
    content_type: str
    stored_at: float
    stale_at: float
    etag: str | None = None
    last_modified: str | None = None
    tags: tuple[str, ...] = ()
    total: int | None = None
    growing: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the listing at start sees it."""

    meta: Meta
    path: Path
    size: int
    used_at: float


def file_name(identifier: str) -> str:
    """Hashed: no address can name a path. Two letters of fan-out keep folders small."""
    digest = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digest[:2]}/{digest}"


def pack(identifier: str, original: Original, *, growing: bool = False) -> tuple[bytes, bytes]:
    """The whole file, in two parts so that the bytes need no copy."""
    meta = msgspec.json.encode(
        Meta(
            identifier,
            original.content_type,
            original.stored_at,
            original.stale_at,
            original.etag,
            original.last_modified,
            original.tags,
            original.total,
            growing,
        )
    )
    checksum = crc32(original.body, crc32(meta))
    return _HEADER.pack(_MAGIC, len(meta), len(original.body), checksum) + meta, original.body


def write(path: Path, aside: Path, parts: tuple[bytes, bytes]) -> None:
    """Write, flush, rename. Should a power cut undo the rename, the picture is absent, which is a cache's right."""
    with aside.open("wb", buffering=0) as file:
        for part in parts:
            _write_all(file, part)
        os.fsync(file.fileno())
    try:
        aside.replace(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(path)


def piece_size(piece: Original) -> int:
    """How much longer an append makes a file."""
    return _PIECE.size + len(piece.body)


def append(path: Path, identifier: str, at: int, piece: Original) -> bool:
    """Append to a growing file of which `at` bytes are there, of the same version. Not flushed: a loss is found."""
    try:
        with path.open("r+b", buffering=0) as file:
            meta = _meta(file.read(_HEADER.size + _MAX_META))
            if meta is None or meta.identifier != identifier or not meta.growing:
                return False
            if (meta.etag, meta.last_modified) != (piece.etag, piece.last_modified):
                return False
            there, end = _measure(file)
            if there != at:
                return False
            file.truncate(end)
            file.seek(end)
            _write_all(file, _PIECE.pack(_PIECE_MAGIC, len(piece.body), crc32(piece.body)) + piece.body)
    except FileNotFoundError:
        return False
    return True


def _measure(file: RawIOBase) -> tuple[int, int]:
    """How many of the picture's bytes a growing file holds, and where its last whole piece ends."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    _, meta_length, there, _ = _HEADER.unpack(file.read(_HEADER.size) or b"")
    end = _HEADER.size + meta_length + there
    while end + _PIECE.size <= size:
        file.seek(end)
        magic, length, _ = _PIECE.unpack(file.read(_PIECE.size) or b"")
        if magic != _PIECE_MAGIC or end + _PIECE.size + length > size:
            break
        there, end = there + length, end + _PIECE.size + length
    return there, end


def _write_all(file: RawIOBase, part: bytes) -> None:
    left = memoryview(part)
    while left:
        left = left[file.write(left) or 0 :]


def read(path: Path, identifier: str) -> Original | None:
    """The original; None where there is no file, or it is torn or of another picture: then it is removed."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    original = unpack(content, identifier)
    if original is None:
        path.unlink(missing_ok=True)
    else:
        os.utime(path)  # the next start orders the files by it
    return original


def unpack(content: bytes, identifier: str) -> Original | None:
    """The content of a file, if length, hash and identifier agree."""
    meta = _meta(content)
    if meta is None or meta.identifier != identifier:
        return None
    _, meta_length, body_length, checksum = _HEADER.unpack_from(content)
    at = _HEADER.size + meta_length
    whole = memoryview(content)
    rest = len(content) - at - body_length
    if rest < 0 or (rest and not meta.growing):
        return None
    if crc32(whole[at : at + body_length], crc32(whole[_HEADER.size : at])) != checksum:
        return None
    body = b"".join((content[at : at + body_length], *_pieces(whole[at + body_length :]))) if rest else content[at:]
    return Original(
        body, meta.content_type, meta.stored_at, meta.stale_at, meta.etag, meta.last_modified, meta.tags, meta.total
    )


def _pieces(rest: memoryview) -> Iterator[memoryview]:
    """The whole ones, up to the first that is not."""
    at = 0
    while at + _PIECE.size <= len(rest):
        magic, length, checksum = _PIECE.unpack_from(rest, at)
        piece = rest[at + _PIECE.size : at + _PIECE.size + length]
        if magic != _PIECE_MAGIC or len(piece) != length or crc32(piece) != checksum:
            return
        yield piece
        at += _PIECE.size + length


def list_folder(folder: Path) -> list[Listed]:
    """All whole-looking files, the least recently used first. Only headers are read; torn files are removed."""
    found = []
    for path in folder.glob("??/*"):
        listed = _list_one(path)
        if listed is not None:
            found.append(listed)
    return sorted(found, key=lambda file: file.used_at)


def _list_one(path: Path) -> Listed | None:
    try:
        with path.open("rb", buffering=0) as file:
            head = file.read(_HEADER.size + _MAX_META)
            status = os.fstat(file.fileno())
            meta, size = _meta(head), status.st_size
            whole = meta is not None and (
                size == _expected_size(head) or (meta.growing and size > _expected_size(head))
            )
            end = _measure(file)[1] if whole else 0
        if whole and end < size:
            os.truncate(path, end)
    except OSError:
        return None
    if meta is None or not whole:
        path.unlink(missing_ok=True)
        return None
    return Listed(meta, path, end, status.st_mtime)


def _expected_size(head: bytes) -> int:
    _, meta_length, body_length, _ = _HEADER.unpack_from(head)
    return _HEADER.size + int(meta_length) + int(body_length)


def _meta(content: bytes) -> Meta | None:
    if len(content) < _HEADER.size:
        return None
    magic, meta_length, _, _ = _HEADER.unpack_from(content)
    if magic != _MAGIC or meta_length > _MAX_META:
        return None
    try:
        return msgspec.json.decode(content[_HEADER.size : _HEADER.size + meta_length], type=Meta)
    except msgspec.MsgspecError:
        return None
