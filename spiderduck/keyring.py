"""API keys: how they are made, the file that holds them hashed, and the look-up that every process shares.

The file is replaced atomically and reread when it changes. Keys are 256 random bits, so a plain SHA-256 protects them:
there is no dictionary to try. Whatever is shown of a key is its name and its first characters.
"""

import fcntl
import hashlib
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fetchers.rates import wrong_rate
from spiderduck.errors import BadSetting

log = logging.getLogger(__name__)

READ, WRITE, FETCH, ADMIN = "read", "write", "fetch", "admin"
SCOPES = (READ, WRITE, FETCH, ADMIN)
LEAST_CHARACTERS = 16
"""Of a key that a person chose. Keys that we make have 256 random bits."""
SHOWN_CHARACTERS = 8
PREFIX = "sdk_"
"""So that scanners for leaked secrets, and people, see what it is."""
MOST_BYTES = 1024 * 1024
LOOK_SECONDS = 1.0
NAME_CHARACTERS = 100


class Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A key in the file: hashed (`sha256`, `start`), or plain (`key`) where somebody else wrote the file."""

    name: str = ""
    scopes: tuple[str, ...] = (READ,)
    sha256: str = ""
    start: str = ""
    key: str = ""
    created: datetime | None = None
    expires: datetime | None = None
    per_second: float = 0.0
    burst: int = 0


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """The file. A bare list of entries is read as well."""

    keys: list[Entry] = []


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is looked up. `expires` in epoch seconds; `per_second` and `burst` of 0 take the default; `plain` is
    known only of keys that were given so."""

    name: str
    digest: str
    start: str
    scopes: tuple[str, ...]
    expires: float | None = None
    per_second: float = 0.0
    burst: int = 0
    limited: bool = True
    plain: str = field(default="", repr=False)

    def may(self, scope: str) -> bool:
        """Whether the key has `scope`; `admin` has them all."""
        return scope in self.scopes or ADMIN in self.scopes

    def has_expired(self, now: float) -> bool:
        return self.expires is not None and self.expires <= now


def digest_of(key: str) -> str:
    """What is stored of a key, and what it is looked up by."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def start_of(key: str) -> str:
    """What may be shown of a key: a few characters, and of a short one less than a third."""
    return key[: min(SHOWN_CHARACTERS, len(key) // 4)]


def checked_scopes(scopes: Iterable[str], place: str) -> tuple[str, ...]:
    """The scopes. Raises `BadSetting` for one that there is not, and for none."""
    given = tuple(scopes)
    for scope in given:
        if scope not in SCOPES:
            raise BadSetting(
                f"{place} has the scope {scope[:40]!r}, which does not exist; it takes {', '.join(SCOPES)}"
            )
    if not given:
        raise BadSetting(f"{place} has no scopes, so it allows nothing; it takes {', '.join(SCOPES)}")
    return given


def check_rate(entry: Entry, place: str) -> None:
    """A rate of 0, or a burst, takes the default. Raises `BadSetting` for what cannot be one."""
    if (wrong := wrong_rate(entry.per_second or 1.0, entry.burst or 1)) is not None:
        raise BadSetting(f"{place}: {wrong}; 0 takes the one of api.rate_limit")


def plain_key(entry: Entry, place: str) -> Key:
    """From a key that is given in plain. Raises `BadSetting`, which does not show it."""
    check_rate(entry, place)
    key = entry.key
    if len(key) < LEAST_CHARACTERS:
        raise BadSetting(
            f"{place} has {len(key)} characters; it takes at least {LEAST_CHARACTERS}, random ones: "
            "`spiderduck keys create NAME` makes such a key"
        )
    if not key.isascii() or not key.isprintable() or key.strip() != key:
        raise BadSetting(
            f"{place} has characters that no header carries; it takes printable ASCII, no space at the ends"
        )
    return Key(
        name=entry.name or f"{start_of(key)}…",
        digest=digest_of(key),
        start=start_of(key),
        scopes=checked_scopes(entry.scopes, place),
        expires=None if entry.expires is None else entry.expires.timestamp(),
        per_second=entry.per_second,
        burst=entry.burst,
        plain=key,
    )


def read_entries(path: Path) -> list[Entry]:
    """What the file holds; nothing where there is none. Raises `BadSetting`."""
    try:
        with path.open("rb") as file:
            return _entries(path, file.read(MOST_BYTES + 1))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadSetting(f"the file of keys {path} cannot be read: {error.strerror}") from error


def read_keys(path: Path) -> dict[str, Key]:
    """By digest. Raises `BadSetting` for a file that cannot be read, and for keys that are not sound."""
    return _by_digest(path, read_entries(path))


def is_there(path: Path) -> bool:
    """Whether there is a file of keys, so that the server asks for one, whether or not one is left in it."""
    return path.is_file()


class KeyFile:
    """The file as a running process sees it. Looks at most once in `LOOK_SECONDS` whether it changed."""

    def __init__(self, path: Path, monotonic: Callable[[], float]) -> None:
        """Raises `BadSetting` where the file is there and not sound: a start is the time to say so."""
        self._path = path
        self._monotonic = monotonic
        self._looked_at = monotonic()
        self._version = _version(path)
        self._keys: Mapping[str, Key] = read_keys(path)
        self.was_there = self._version is not None

    def keys(self) -> Mapping[str, Key]:
        """By digest. A file that became unreadable leaves what was read last, and says so in the log."""
        now = self._monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return self._keys
        self._looked_at = now
        version = _version(self._path)
        if version != self._version:
            self._version = version
            self._reread(version)
        return self._keys

    def _reread(self, version: tuple[int, ...] | None) -> None:
        if version is None:
            log.error("the file of keys %s is gone; the previous keys stay in force until a restart", self._path)
            return
        try:
            self._keys = read_keys(self._path)
        except BadSetting as error:
            log.error("%s; the previous keys stay in force", error)
            return
        self.was_there = True
        log.info("the file of keys %s was read again: %d keys", self._path, len(self._keys))


class Keyring:
    """Every key that this process accepts: those of the settings, and those of the file."""

    def __init__(self, configured: Iterable[Key] = (), file: KeyFile | None = None) -> None:
        self._configured = {key.digest: key for key in configured}
        self._file = file

    @property
    def asks(self) -> bool:
        """Whether keys are set at all. A file that holds none any more still asks: a revoked key opens nothing."""
        if self._configured:
            return True
        if self._file is None:
            return False
        self._file.keys()
        return self._file.was_there

    def known(self) -> list[Key]:
        """All of them, expired or not."""
        return [*self._configured.values(), *(() if self._file is None else self._file.keys().values())]

    def find(self, given: str) -> Key | None:
        """The key, expired or not. Takes the same time whatever is given: the digest is looked up, not compared."""
        digest = digest_of(given)
        found = self._configured.get(digest)
        return found if found is not None or self._file is None else self._file.keys().get(digest)


def create_key(path: Path, entry: Entry) -> str:
    """Make a key, store its hash, and return it: it is seen this once. Raises `BadSetting`, e.g. for a name that is
    taken."""
    name = entry.name
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise BadSetting(f"a key's name takes 1 to {NAME_CHARACTERS} printable characters")
    checked_scopes(entry.scopes, f"the key {name}")
    check_rate(entry, f"the key {name}")
    key = PREFIX + secrets.token_urlsafe(32)
    with _changing(path) as entries:
        if any(one.name == name for one in entries):
            raise BadSetting(f"there is a key {name!r} already; revoke it first, or choose another name")
        hashed = msgspec.structs.replace(
            entry, sha256=digest_of(key), start=start_of(key), created=datetime.now(UTC).replace(microsecond=0)
        )
        entries.append(hashed)
    return key


def revoke_key(path: Path, name: str) -> int:
    """Take a key away, and return how many are left. Raises `BadSetting` where there is none of that name."""
    with _changing(path) as entries:
        left = [one for one in entries if one.name != name]
        if len(left) == len(entries):
            raise BadSetting(f"there is no key {name[:NAME_CHARACTERS]!r} in {path}; `spiderduck keys list` shows them")
        entries[:] = left
    return len(left)


@contextmanager
def _changing(path: Path) -> Iterator[list[Entry]]:
    """What the file holds, to be changed in place; written at the end, one writer at a time."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadSetting(f"the file of keys {path} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = read_entries(path)
        yield entries
        _by_digest(path, entries)
        _replace(path, msgspec.json.format(msgspec.json.encode(Document(entries)), indent=2) + b"\n")
    finally:
        os.close(lock)


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, for this user alone. Root leaves it to the folder's owner, who runs the server."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if os.geteuid() == 0:
                owner = path.parent.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise BadSetting(f"the file of keys {path} cannot be written: {error.strerror}") from error


def _entries(path: Path, content: bytes) -> list[Entry]:
    if len(content) > MOST_BYTES:
        raise BadSetting(f"the file of keys {path} is larger than {MOST_BYTES} bytes")
    try:
        if content.lstrip()[:1] == b"[":
            return msgspec.json.decode(content, type=list[Entry])
        return msgspec.json.decode(content, type=Document).keys
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # neither shows a value
        raise BadSetting(f"the file of keys {path} is broken: {error}") from error


def _by_digest(path: Path, entries: Iterable[Entry]) -> dict[str, Key]:
    found: dict[str, Key] = {}
    for number, entry in enumerate(entries, 1):
        key = _stored(entry, f"key {number} of {path}")
        found[key.digest] = key
    return found


def _stored(entry: Entry, place: str) -> Key:
    if bool(entry.key) == bool(entry.sha256):
        raise BadSetting(f"{place} takes either sha256 or key")
    check_rate(entry, place)
    if entry.expires is not None and entry.expires.tzinfo is None:
        raise BadSetting(f"{place}: expires takes a time with its zone, e.g. 2030-01-31T00:00:00Z")
    if entry.key:
        return plain_key(entry, place)
    if len(entry.sha256) != 64 or not set(entry.sha256) <= set("0123456789abcdef"):
        raise BadSetting(f"{place}: sha256 takes 64 lower-case hexadecimal digits")
    return Key(
        name=entry.name or f"{entry.start[:SHOWN_CHARACTERS]}…",
        digest=entry.sha256,
        start=entry.start[:SHOWN_CHARACTERS],
        scopes=checked_scopes(entry.scopes, place),
        expires=None if entry.expires is None else entry.expires.timestamp(),
        per_second=entry.per_second,
        burst=entry.burst,
    )


def _version(path: Path) -> tuple[int, ...] | None:
    """What changes with the file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size) if stat.S_ISREG(found.st_mode) else None
