"""The lines of an export. Pure.

The first says what the file is, the last how much it holds, so that a file that was cut short is known for that. Ids of
pages are those of the store it came from: they are unique everywhere.
"""

import re
from typing import ClassVar

import msgspec

from fetchers.errors import InvalidUrl
from fetchers.urls import split
from schedulers.links import LONGEST_SERIALISED
from schedulers.metadata import decode_metadata, decode_usage
from schedulers.model import Page, UrlState
from spiderduck.errors import SpiderDuckError
from spiderduck.stores.rows import PageHead, page_from_row, page_to_row
from spiderduck.takedowns.model import Takedown

VERSION = 2
"""1: without takedowns."""
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")
LATEST = 253_402_300_800.0
"""The end of the year 9999."""


class BadExport(SpiderDuckError):
    """A file that is no export of ours, of a newer version, damaged, or cut short."""

    code: ClassVar[str] = "bad_export"
    exit_code: ClassVar[int] = 2


class Head(msgspec.Struct, tag="spiderduck-records", tag_field="kind"):
    """The first line."""

    version: int
    exported_at: float


class StateLine(msgspec.Struct, tag="state", tag_field="kind"):
    """What is known of a URL; the redirects it leads through are the edges."""

    state: UrlState


class PageLine(msgspec.Struct, tag="page", tag_field="kind"):
    """One version of a page."""

    id: int
    key: str
    url: str
    fetched_at: float
    version: int
    head: PageHead
    metadata: msgspec.Raw
    provenance: msgspec.Raw

    @classmethod
    def of(cls, page: Page) -> "PageLine":
        """The line of a page."""
        identity, key, url, at, version, head, metadata, provenance = page_to_row(page)
        raw = msgspec.Raw
        return cls(
            identity, key, url, at, version, msgspec.json.decode(head, type=PageHead), raw(metadata), raw(provenance)
        )

    @property
    def page(self) -> Page:
        """The page of a line."""
        head = msgspec.json.encode(self.head)
        values = (bytes(self.metadata), bytes(self.provenance))
        return page_from_row((self.id, self.key, self.url, self.fetched_at, self.version, head, *values))


class TakedownLine(msgspec.Struct, tag="takedown", tag_field="kind"):
    """What was taken down, and must not come back elsewhere. Before all records."""

    takedown: Takedown


class End(msgspec.Struct, tag="end", tag_field="kind"):
    """The last line: how many of each came before."""

    states: int
    pages: int


Line = Head | TakedownLine | StateLine | PageLine | End
encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


def read_line(text: bytes, number: int) -> Line:
    """The line of that number, counted from 1. Raises `BadExport`."""
    try:
        line: Line = _decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadExport(f"line {number} is no line of an export: {error}") from error
    if isinstance(line, Head) != (number == 1):
        raise BadExport(f"line {number}: an export begins with its head, once; this file is none")
    if isinstance(line, Head) and line.version > VERSION:
        raise BadExport(f"the file is of a newer SpiderDuck (version {line.version}; this one knows {VERSION})")
    try:
        _check(line)
    except (ValueError, InvalidUrl, RecursionError) as error:
        raise BadExport(f"line {number} says what no store of ours holds: {error}") from error
    return line


def _check(line: Line) -> None:
    """Raise ValueError, and `msgspec.ValidationError` is one, for what a store would not take, or could not read
    again."""
    if isinstance(line, StateLine):
        state = line.state
        _check_numbers(state.page_id, state.status_code)
        _check_times(state.checked_at, state.fresh_until, state.until, state.gone_since, state.changed_at)
        _check_texts(state.key, state.url, state.resolved_url)
    elif isinstance(line, PageLine):
        place = line.head.archived
        _check_numbers(line.id, line.version, line.head.status_code, line.head.content.length)
        _check_times(line.fetched_at)
        _check_texts(line.key, line.url, line.head.canonical_url)
        split(line.url)
        if place is not None:
            _check_numbers(place.offset, place.length)
            if not FILE_NAME.fullmatch(place.file):
                raise ValueError(f"{place.file[:100]!r} is no name of a file of the archive")
        page = line.page
        decode_metadata(page.metadata, page.provenance)
        decode_usage(page.usage)


def _check_numbers(*numbers: int | None) -> None:
    for number in numbers:
        if number is not None and not 0 <= number < 2**63:
            raise ValueError(f"{number} is no number from 0 to 2^63")


def _check_times(*moments: float | None) -> None:
    for moment in moments:
        if moment is not None and not 0 <= moment < LATEST:
            raise ValueError(f"{moment} is no time in seconds since 1970")


def _check_texts(*texts: str | None) -> None:
    for text in texts:
        if text is not None and len(text) > 2 * LONGEST_SERIALISED:
            raise ValueError(f"a URL of {len(text):,} characters")
