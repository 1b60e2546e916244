"""The files of lists, line by line, in the forms in which they are published. Pure.

A line that cannot be read is counted and passed over: one bad line must not take a list of a million out of force.
"""

import csv
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fetchers.blocked_domains import normal_name
from spiderduck.lists.expressions import canonical

LONGEST_LINE = 16 * 1024
_LOCAL = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback"})
"""Names that hosts files hold for themselves."""
_PLAIN = re.compile(r"(?!xn--)[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+")
"""Labels of ASCII alone with single dashes, so that nothing is left to be normalised."""
_HEX = re.compile(r"[0-9a-fA-F]{8,64}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class EntryKind(StrEnum):
    """What an entry names."""

    DOMAIN = "domain"
    URL = "url"
    HASH = "hash"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Entry:
    """`text` is a host name, a URL's exact expression, or hexadecimal digits. `at` is where its line begins."""

    kind: EntryKind
    text: str
    at: int


Reader = Callable[[str], tuple[EntryKind, str] | None]
"""The entry of a line, None for a line without one. Raises ValueError for a line that cannot be read."""


def _domain(line: str) -> tuple[EntryKind, str] | None:
    name = line.split("#", 1)[0].strip()
    return (EntryKind.DOMAIN, _name(name)) if name else None


def _name(text: str) -> str:
    """A host name in its normal form. Most are written so, and a million of them must not each be parsed as a URL."""
    return text if _PLAIN.fullmatch(text) and not text[-1].isdigit() else normal_name(text)


def _hosts(line: str) -> tuple[EntryKind, str] | None:
    words = line.split("#", 1)[0].split()
    if not words:
        return None
    if len(words) < 2:
        raise ValueError("no name behind the address")
    return None if words[1].lower() in _LOCAL or words[1] == words[0] else (EntryKind.DOMAIN, _name(words[1]))


def _adblock(line: str) -> tuple[EntryKind, str] | None:
    """Only rules that block whole domains; exceptions, comments and rules on parts of pages are not for us."""
    text = line.strip()
    if not text.startswith("||"):
        return None
    name, _, rest = text[2:].partition("^")
    if rest.strip() not in ("", "$all", "$document", "$important") or "*" in name:
        return None
    return EntryKind.DOMAIN, _name(name)


def _url(line: str) -> tuple[EntryKind, str] | None:
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    found = canonical(text)
    if found is None:
        raise ValueError("no URL")
    return EntryKind.URL, found.exact


def _urlhaus(line: str) -> tuple[EntryKind, str] | None:
    """`id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter` (urlhaus.abuse.ch)."""
    if not line.strip() or line.startswith("#"):
        return None
    row = next(csv.reader([line]), [])
    if len(row) < 3:
        raise ValueError("too few columns")
    return _url(row[2])


def _mastodon(line: str) -> tuple[EntryKind, str] | None:
    """`#domain,#severity,…`: what Mastodon exports of its domain blocks. `noop` blocks nothing."""
    if not line.strip() or line.startswith("#"):
        return None
    row = next(csv.reader([line]), [])
    if len(row) > 1 and row[1].strip().lower() == "noop":
        return None
    return EntryKind.DOMAIN, _name(row[0])


def _hash(line: str) -> tuple[EntryKind, str] | None:
    """A prefix of 4 to 32 bytes of the SHA-256 of an expression, in hexadecimal or base64."""
    text = line.split("#", 1)[0].strip()
    if not text:
        return None
    if _HEX.fullmatch(text) and len(text) % 2 == 0:
        return EntryKind.HASH, text.lower()
    try:
        raw = b64decode(text, validate=True)
    except Base64Error as error:
        raise ValueError("no hexadecimal digits and no base64") from error
    if not 4 <= len(raw) <= 32:
        raise ValueError("a prefix has 4 to 32 bytes")
    return EntryKind.HASH, raw.hex()


def _content(line: str) -> tuple[EntryKind, str] | None:
    text = line.split("#", 1)[0].split()
    if not text:
        return None
    if not _SHA256.fullmatch(text[0]):
        raise ValueError("no SHA-256")
    return EntryKind.CONTENT, text[0].lower()


FORMATS: Mapping[str, Reader] = {
    "domains": _domain,  # one a line; # begins a comment
    "hosts": _hosts,  # 0.0.0.0 name
    "adblock": _adblock,  # ||name^
    "urls": _url,  # one a line, exact
    "urlhaus": _urlhaus,  # the CSV of URLhaus
    "mastodon": _mastodon,  # the CSV of Mastodon's domain blocks
    "hash_prefixes": _hash,  # of Safe Browsing expressions
    "content": _content,  # SHA-256 of bodies, as sha256sum prints them
}


@dataclass(frozen=True, slots=True)
class About:
    """What a list says of one entry, as far as its format has it; `since` as RFC 3339."""

    category: str | None = None
    severity: str | None = None
    comment: str | None = None
    since: str | None = None


def about(line: str, form: str) -> About:
    """Of an entry's line, which was read before. Cheap enough for every match, and done for nothing else."""
    if form in ("domains", "hosts", "content"):
        return About(comment=line.partition("#")[2].strip() or None)
    if form not in ("urlhaus", "mastodon"):
        return About()
    try:
        row = [cell.strip() for cell in next(csv.reader([line]), [])] + [""] * 9
    except csv.Error:
        return About()  # its line is longer than what is kept of it
    if form == "mastodon":  # #domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate
        return About(severity=row[1] or None, comment=row[4] or None)
    return About(category=row[5] or None, comment=row[6] or None, since=_since(row[1]))


def _since(text: str) -> str | None:
    """URLhaus writes `2026-11-22 10:47:34`, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Counted:
    """What reading came to."""

    entries: int = 0
    unread: int = 0


def read(data: bytes, form: str, counted: Counted) -> Iterator[Entry]:
    """The entries of a file. `form` is a name of `FORMATS`."""
    reader = FORMATS[form]
    for at, line in _lines(data):
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError("too long")
            found = reader(line.decode("utf-8", "replace"))
        except (ValueError, csv.Error):
            counted.unread += 1
            continue
        if found is not None:
            counted.entries += 1
            yield Entry(*found, at=at)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield start, data[start:end]
        start = end + 1
