"""A PDF: title, author, dates and pages, by pypdf, from files of a size that it reads in bounded time."""

import io
import logging
from collections.abc import Mapping
from functools import cache

from schedulers.metadata import clean, dates
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Metadata

SIZE = 10_000_000
# What pypdf may read of one file: calls (it reads numbers byte by byte; a large piece counts as several), and bytes
# in large pieces. A sound file of 20,000 objects stays within them. A broken one is searched from its end, a block for
# every line, and then as a whole, which would take many seconds for a file of this size.
READS = 800_000
READ = 2_000_000
_BLOCK, _LARGE_PIECE = 1_024, 65_536
_PAGES = 100_000


class _TooMuch(Exception):
    """pypdf wants to read more than this file may cost."""


class _Metered(io.BytesIO):
    """The file, until too much of it was read."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._reads, self._bytes = READS, READ

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._reads -= 1 + len(data) // _BLOCK
        if len(data) > _LARGE_PIECE:
            self._bytes -= len(data)
        if self._reads < 0 or self._bytes < 0:
            raise _TooMuch
        return data


def read(answer: ReaderInput) -> Metadata:
    """What the document's information dictionary says; of a broken or locked file, that it is a PDF."""
    _quiet()
    found: dict[str, object] = {}
    if len(answer.body) <= SIZE:
        try:
            found = _read(answer.body)
        except Exception:  # noqa: BLE001  pypdf leaks ValueError, KeyError, RecursionError … on broken files
            found = {}
    return answer.described(type="document", **found)


@cache
def _quiet() -> None:
    """pypdf reports each flaw of each file; without a handler of the application's own that would go to stderr."""
    logging.getLogger("pypdf").addHandler(logging.NullHandler())


def _read(body: bytes) -> dict[str, object]:
    import pypdf  # 0.2 s that only a process which meets a PDF pays

    reader = pypdf.PdfReader(_Metered(body), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return {}
    root = reader.root_object
    information: Mapping[str, object] = reader.metadata or {}
    author = clean.name(_text(information.get("/Author")))
    return {
        "title": _title(clean.title(_text(information.get("/Title")))),
        "author": author,
        "authors": (author,) if author else (),
        "description": clean.description(_text(information.get("/Subject"))),
        "published_at": _date(_text(information.get("/CreationDate"))),
        "modified_at": _date(_text(information.get("/ModDate"))),
        "pages": _pages(root["/Pages"].get_object() if "/Pages" in root else None),
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _title(title: str | None) -> str | None:
    """Programs leave their file's name where nobody wrote a title."""
    if title is None or title.lower().startswith(("microsoft word - ", "untitled", "powerpoint presentation")):
        return None
    return None if title.lower().endswith((".doc", ".docx", ".indd", ".qxd", ".tex", ".dvi", ".pdf")) else title


def _date(value: str) -> str | None:
    """`D:20150428115411+02'00'` (ISO 32000-1, 7.9.4)."""
    digits = value.strip().removeprefix("D:").replace("'", "")
    if len(digits) < 8 or not digits[:8].isdecimal():
        return None
    clock = digits[8:14]
    if not clock.isdecimal() or len(clock) < 6:
        return dates.iso(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}")
    return dates.iso(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}{digits[14:19]}")


def _pages(tree: object) -> int | None:
    """The count that the page tree's root declares; walking the tree could be made endless."""
    count = tree.get("/Count") if isinstance(tree, dict) else None
    return int(count) if isinstance(count, int) and 0 < count <= _PAGES else None
