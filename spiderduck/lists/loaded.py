"""One list as it is in force: what of a URL or of a body it names. Immutable; a new file makes a new one. Pure.

The file's bytes are kept, for a match tells the entry as it is written there.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from spiderduck.lists.about import About, about, columns
from spiderduck.lists.expressions import Canonical, expressions, hosts
from spiderduck.lists.formats import LONGEST_LINE, Counted, Entry, EntryKind, as_utf8, line_at, read
from spiderduck.lists.table import BYTES, HashTable, digest_of, key_of
from spiderduck.settings.lists import ListConfig

SHORT = 4
"""Bytes of the shortest hash prefix."""
KIND_OF = {
    "urls": EntryKind.URL,
    "urlhaus": EntryKind.URL,
    "hash_prefixes": EntryKind.HASH,
    "content": EntryKind.CONTENT,
}
"""What the entries of a format name; the others name domains."""
LONGEST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that matched: the expression that it named, its line as written, and what the list says of it."""

    list: ListConfig
    version: str
    expression: str
    entry: str
    said: About


Named = tuple[str, int]
"""What a list may name, and its key in tables."""


class Subject:
    """A URL with what lists may name of it, each key made once for all lists."""

    __slots__ = ("_hashes", "_of", "_url", "hosts")

    def __init__(self, url: Canonical) -> None:
        self._of = url
        self.hosts = _host_keys(url.host)
        self._url: tuple[Named, ...] = ()
        self._hashes: tuple[Named, ...] = ()

    def url(self) -> tuple[Named, ...]:
        self._url = self._url or ((self._of.exact, key_of(self._of.exact)),)
        return self._url

    def hashes(self) -> tuple[Named, ...]:
        self._hashes = self._hashes or tuple((one, key_of(one)) for one in expressions(self._of))
        return self._hashes


@lru_cache(maxsize=4096)
def _host_keys(host: str) -> tuple[Named, ...]:
    """Shared links have few hosts; a name has 253 characters at most where it is one."""
    return tuple((name, _name_key(name)) for name in hosts(host))


_name_key = lru_cache(maxsize=4096)(key_of)


class LoadedList:
    """A list that was read from `data`; `loaded_at` and `changed_at` are epoch seconds."""

    def __init__(self, config: ListConfig, data: bytes, loaded_at: float, changed_at: float) -> None:
        self.config = config
        self.version = hashlib.sha256(data).hexdigest()[:12]
        self.loaded_at = loaded_at
        self.changed_at = changed_at
        self.counted = Counted()
        self._data = data = as_utf8(data)
        self._columns = columns(data, config.format)
        self._exceptions: list[tuple[bytes, int]] = []
        entries = self._without_exceptions(read(data, config.format, self.counted))
        self._kind = KIND_OF.get(config.format, EntryKind.DOMAIN)
        if self._kind is not EntryKind.HASH:
            of_text = bytes.fromhex if self._kind is EntryKind.CONTENT else digest_of
            self._table, self._short = HashTable((of_text(one.text), one.at) for one in entries), HashTable(())
            self._excepted = HashTable(self._exceptions)
            return
        prefixes = [(bytes.fromhex(one.text), one.at) for one in entries]
        self._table = HashTable(one for one in prefixes if len(one[0]) >= BYTES)
        self._short = HashTable((one for one in prefixes if len(one[0]) < BYTES), SHORT)
        self._excepted = HashTable(())

    def __len__(self) -> int:
        return self.counted.entries

    def names(self, subject: Subject, now: float) -> Hit | None:
        """What of the URL the list names at `now` (epoch seconds); None where nothing is."""
        if self._kind is EntryKind.DOMAIN:
            hit = self._among(self._table, subject.hosts, now)
            is_excepted = hit is not None and len(self._excepted) and self._among(self._excepted, subject.hosts, now)
            return None if is_excepted else hit
        if self._kind is EntryKind.URL:
            return self._among(self._table, subject.url(), now)
        if self._kind is EntryKind.HASH:
            return self._among(self._table, subject.hashes(), now) or self._among(self._short, subject.hashes(), now)
        return None

    def names_content(self, sha256: str, now: float) -> Hit | None:
        """Whether the list names a body by its SHA-256, in hexadecimal."""
        if self._kind is not EntryKind.CONTENT:
            return None
        key = int.from_bytes(bytes.fromhex(sha256)[:BYTES])
        return self._among(self._table, ((f"sha256:{sha256}", key),), now)

    def is_stale(self, now: float) -> bool:
        """Whether the file was not renewed for too long."""
        return bool(self.config.max_age_s) and now - self.changed_at > self.config.max_age_s

    def _without_exceptions(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for one in entries:
            if one.kind is EntryKind.EXCEPTION:
                self._exceptions.append((digest_of(one.text), one.at))
            else:
                yield one

    def _among(self, table: HashTable, named: Iterable[Named], now: float) -> Hit | None:
        """The first entry that has not expired."""
        for expression, at in table.found(named):
            written = line_at(self._data, at, self.config.format)[:LONGEST_LINE].decode("utf-8", "replace").strip()
            said = about(written, self.config.format, self._columns)
            if not said.is_over(now):
                return Hit(self.config, self.version, expression, written[:LONGEST_SHOWN], said)
        return None
