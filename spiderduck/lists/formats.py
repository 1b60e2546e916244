"""The files of lists, line by line, in the forms in which they are published. Pure.

A line that cannot be read is counted and passed over: one bad line must not take a list of a million out of force.
What a list says of an entry stands in `about.py`.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from fetchers.blocked_domains import normal_name
from spiderduck.lists.about import OWN_COLUMNS, Columns, cells_of, columns, heading
from spiderduck.lists.expressions import canonical

LONGEST_LINE = 16 * 1024
MOST_CELLS = LONGEST_LINE
_LOCAL = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback"})
"""Names that hosts files hold for themselves."""
_PLAIN = re.compile(r"(?!xn--)[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+")
"""Labels of ASCII alone with single dashes, so that nothing is left to be normalised."""
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[?[0-9a-f:.]+\]?")
"""What can be a host. The URL parser takes `ev**.example`, and `a,b`; a list that says so means something else."""
_DEFANGED = re.compile(r"[\[({](\.|dot|:|://|/)[\])}]", re.IGNORECASE)
_AUTHORITY = re.compile(r"[^/?#]*(?:/[\])}]?/[^/?#]*)?", re.DOTALL)
"""Scheme and host of what is written as a URL, also with brackets around its slashes."""
_HEX = re.compile(r"[0-9a-fA-F]{8,64}")
_SHA256 = re.compile(
    r"\\?([0-9a-fA-F]{64})(?:\s.*)?|sha256:([0-9a-fA-F]{64})|SHA256 \(.*\) = ([0-9a-fA-F]{64})", re.DOTALL
)
"""As `sha256sum` prints it, with a backslash before names that hold one, as a container's digest, and with `--tag`."""
MOST_UNREAD = 1_000
"""Lines that cannot be read, where there are fewer entries: then the file is of another form, or no list at all."""
_LINE = re.compile(rb"[^\r\n]+")
_WHOLE_DOMAIN = frozenset({"all", "doc", "document", "important"})
"""Options of a rule that leave it one on whole domains."""
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class EntryKind(StrEnum):
    """What an entry names; an exception names a domain that the list does not mean."""

    DOMAIN = "domain"
    EXCEPTION = "exception"
    URL = "url"
    HASH = "hash"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Entry:
    """`text` is a host name, a URL's exact expression, or hexadecimal digits. `at` is where its line begins."""

    kind: EntryKind
    text: str
    at: int


Named = tuple[EntryKind, str]
Reader = Callable[[str], Sequence[Named]]
"""The entries of a line, mostly one. Raises ValueError for a line that cannot be read."""
NOTHING: Sequence[Named] = ()


def _domain(line: str) -> Sequence[Named]:
    name = line.split("#", 1)[0].strip()
    return ((EntryKind.DOMAIN, _name(name)),) if name and name[0] not in "!;" else NOTHING


def _name(text: str) -> str:
    """A host name in its normal form. Most are written so, and a million of them must not each be parsed as a URL."""
    if _PLAIN.fullmatch(text) and not text[-1].isdigit():
        return text
    name = normal_name(refanged(text))
    if not _HOST.fullmatch(name):
        raise ValueError("no host name")
    return name


def refanged(text: str) -> str:
    """Analysts write `hxxp[://]evil[.]example`, so that nobody follows it by mistake. What stands behind the host is
    left as it is."""
    if text[1:4].lower() not in ("xxp", "**p") and not any(bracket in text for bracket in "[({"):
        return text
    head = _AUTHORITY.match(text)
    end = 0 if head is None else head.end()
    plain = _DEFANGED.sub(lambda found: "." if found[1].lower() == "dot" else found[1], text[:end])
    return (f"http{plain[4:]}" if plain[1:4].lower() in ("xxp", "**p") else plain) + text[end:]


def _hosts(line: str) -> Sequence[Named]:
    words = line.split("#", 1)[0].split()
    if not words or words[0][0] in "!;":
        return NOTHING
    if len(words) < 2:
        raise ValueError("no name behind the address")
    return [(EntryKind.DOMAIN, _name(word)) for word in words[1:] if word.lower() not in _LOCAL and word != words[0]]


def _adblock(line: str) -> Sequence[Named]:
    """Rules on whole domains, and exceptions from them; comments and rules on parts of pages are not for us."""
    text = line.strip()
    kind = EntryKind.EXCEPTION if text.startswith("@@||") else EntryKind.DOMAIN
    if kind is EntryKind.DOMAIN and not text.startswith("||"):
        return NOTHING
    name, _, rest = text.removeprefix("@@")[2:].partition("^")
    end, _, options = rest.strip().partition("$")
    if end not in ("", "|") or set("*/") & set(name) or (options and not set(options.split(",")) <= _WHOLE_DOMAIN):
        return NOTHING
    return ((kind, _name(name)),)


def _url(line: str) -> Sequence[Named]:
    text = line.partition(" #")[0].strip()
    if not text or text.startswith("#"):
        return NOTHING
    text = refanged(text)
    found = canonical(text) or canonical(_with_scheme(text))
    if found is None:
        raise ValueError("no URL")
    return ((EntryKind.URL, found.exact),)


def _with_scheme(text: str) -> str:
    """The scheme is no part of an expression; some lists leave it out."""
    return text if _SCHEME.match(text) or "." not in text else f"http://{text}"


def _urlhaus(line: str, where: Columns = OWN_COLUMNS["urlhaus"]) -> Sequence[Named]:
    """`id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter` (urlhaus.abuse.ch)."""
    row = _row(line, where["url"], "url")
    return NOTHING if row is None else _url(row[where["url"]])


def _mastodon(line: str, where: Columns = OWN_COLUMNS["mastodon"]) -> Sequence[Named]:
    """`#domain,#severity,…`: what Mastodon exports of its domain blocks. `noop` blocks nothing."""
    row, severity = _row(line, where["domain"], "domain"), where.get("severity", MOST_CELLS)
    if row is None or (severity < len(row) and row[severity].strip().lower() == "noop"):
        return NOTHING
    return ((EntryKind.DOMAIN, _name(row[where["domain"]].strip())),)


def _row(line: str, place: int, name: str) -> list[str] | None:
    """The cells; None for a comment, and for the head. Raises ValueError where there is none at that place."""
    if not line.strip() or line.startswith("#"):
        return None
    cells = cells_of(line)
    if place >= len(cells):
        raise ValueError("too few columns")
    return None if name in cells[place].lower() and heading(cells[place]) == name else cells


_URLSAFE = str.maketrans("-_", "+/")


def _hash(line: str) -> Sequence[Named]:
    """A prefix of 4 to 32 bytes of the SHA-256 of an expression, in hexadecimal or base64."""
    text = line.split("#", 1)[0].strip()
    if not text:
        return NOTHING
    text = text.removeprefix("0x")
    if _HEX.fullmatch(text) and len(text) % 2 == 0:
        return ((EntryKind.HASH, text.lower()),)
    try:
        raw = b64decode(text.translate(_URLSAFE) + "=" * (-len(text) % 4), validate=True)
    except Base64Error as error:
        raise ValueError("no hexadecimal digits and no base64") from error
    if not 4 <= len(raw) <= 32:
        raise ValueError("a prefix has 4 to 32 bytes")
    return ((EntryKind.HASH, raw.hex()),)


def _content(line: str) -> Sequence[Named]:
    text = line.split("#", 1)[0].strip()
    if not text:
        return NOTHING
    found = _SHA256.fullmatch(text)
    if found is None:
        raise ValueError("no SHA-256")
    return ((EntryKind.CONTENT, next(digest for digest in found.groups() if digest is not None).lower()),)


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


TABLES = {"urlhaus": _urlhaus, "mastodon": _mastodon}
"""Those whose columns the file's head names."""


@dataclass(slots=True)
class Counted:
    """What reading came to."""

    entries: int = 0
    unread: int = 0


def as_utf8(data: bytes) -> bytes:
    """A file as spreadsheets write it (UTF-16 with its mark, a mark before UTF-8), in UTF-8 without a mark."""
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(b"\xef\xbb\xbf")


def read(data: bytes, form: str, counted: Counted) -> Iterator[Entry]:
    """The entries of a file, from `as_utf8`. `form` is a name of `FORMATS`. Raises ValueError where so little of it can
    be read that it is of another form."""
    reader, lines = FORMATS[form], _rows(data) if form == "mastodon" else _lines(data)
    if form in TABLES:
        reader = partial(TABLES[form], where=columns(data, form))
    for at, line in lines:
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError("too long")
            found = reader(line.decode("utf-8", "replace"))
        except ValueError as error:
            counted.unread += 1
            if counted.unread > max(MOST_UNREAD, counted.entries):
                raise ValueError(f"{counted.unread:,} lines are no entries of the format {form}") from error
            continue
        for kind, text in found:
            counted.entries += kind is not EntryKind.EXCEPTION
            yield Entry(kind, text, at)


def line_at(data: bytes, at: int, form: str) -> bytes:
    """The line, or row, that begins there."""
    found = _LINE.match(data, at)
    if found is None:
        return b""
    return data[at : _end_of_row(data, found)] if form == "mastodon" else found[0]


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Ended by LF, CR or both."""
    for found in _LINE.finditer(data):
        yield found.start(), found[0]


def _rows(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The same, where a quoted cell may have several lines: a comment's second line is no entry."""
    end = 0
    for found in _LINE.finditer(data):
        if found.start() >= end:
            end = _end_of_row(data, found)
            yield found.start(), data[found.start() : end]


def _end_of_row(data: bytes, line: re.Match[bytes]) -> int:
    """Where quotes are even; the end of the line itself where that is too far away, for then a quote is missing."""
    if line[0].count(b'"') % 2 == 0:
        return line.end()
    quotes, end = 0, line.start()
    for more in _LINE.finditer(data, line.start(), line.start() + LONGEST_LINE):
        quotes, end = quotes + more[0].count(b'"'), more.end()
        if quotes % 2 == 0:
            return end
    return line.end()
