"""What a list says of one entry, read from its line when it matches, and for nothing else. Pure."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_EXPIRES = re.compile(r"\bexpires[=:]\s*(\d{4}-\d\d-\d\d\S*)", re.IGNORECASE)
COMMENTED = frozenset({"domains", "hosts", "urls", "hash_prefixes", "content"})
"""Formats in which a comment may stand behind an entry."""
MASTODON = ("domain", "severity", "reject_media", "reject_reports", "public_comment", "obfuscate")
"""The columns of Mastodon's own export; others publish such files with other ones, and name them in the first line."""
URLHAUS = ("id", "dateadded", "url", "url_status", "last_online", "threat", "tags")
Columns = Mapping[str, int]
OWN_COLUMNS: Mapping[str, Columns] = {
    form: {name: place for place, name in enumerate(names)}
    for form, names in (("urlhaus", URLHAUS), ("mastodon", MASTODON))
}
NAMING = {"urlhaus": "url", "mastodon": "domain"}
"""The column that names the entry."""
LONGEST_HEAD = 4096


@dataclass(frozen=True, slots=True)
class About:
    """What a list says of one entry, as far as its format has it; times as RFC 3339."""

    category: str | None = None
    severity: str | None = None
    comment: str | None = None
    since: str | None = None
    expires: str | None = None

    def is_over(self, now: float) -> bool:
        """Whether the entry has expired at `now` (epoch seconds)."""
        return self.expires is not None and datetime.fromisoformat(self.expires).timestamp() <= now


def columns(data: bytes, form: str) -> Columns:
    """Which cell of a row says what: as the file's head names them, else as the publisher's own files have them."""
    if form not in OWN_COLUMNS:
        return {}
    for line in _first_lines(data, form):
        names = [heading(cell) for cell in cells_of(line)]
        if NAMING[form] in names:
            return {name: place for place, name in enumerate(names)}
    return OWN_COLUMNS[form]


def heading(cell: str) -> str:
    """A cell of the head as it is compared: `#domain` is `domain`."""
    return cell.strip(' \t#"').lower()


def _first_lines(data: bytes, form: str) -> list[str]:
    """In which the head may be: the first, or all comments of URLhaus and what follows them."""
    lines = [line for line in data[:LONGEST_HEAD].decode("utf-8", "replace").splitlines() if line.strip()]
    if form != "urlhaus":
        return lines[:1]
    comments = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[comments : comments + 1] + lines[:comments]


def about(line: str, form: str, where: Columns) -> About:
    """Of an entry's line, which was read before."""
    if form in COMMENTED:
        comment = line.partition(" #" if form == "urls" else "#")[2].strip()
        found = _EXPIRES.search(comment)
        return About(comment=comment or None, expires=None if found is None else _moment(found[1]))
    if not where:
        return About()
    cells = cells_of(line)

    def said(name: str) -> str | None:
        place = where.get(name)
        cell = "" if place is None or place >= len(cells) else cells[place].strip()
        return None if cell in ("", "None") else cell  # so URLhaus writes that there are no tags

    if form == "mastodon":
        return About(severity=said("severity"), comment=said("public_comment") or said("comment"))
    return About(category=said("threat"), comment=said("tags"), since=_moment(said("dateadded") or ""))


def cells_of(line: str) -> list[str]:
    """Of a row, which may have several lines; none where it is no row. Blanks before a quote belong to no cell."""
    try:
        return next(csv.reader(line.splitlines(keepends=True), skipinitialspace=True), [])
    except csv.Error:
        return []


def _moment(text: str) -> str | None:
    """URLhaus writes `2026-11-22 10:47:34`, in UTC."""
    try:
        moment = datetime.fromisoformat(text.rstrip(".,;)"))
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None
