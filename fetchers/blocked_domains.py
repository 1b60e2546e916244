"""Which hosts may not be asked for: a set of names and addresses, replaced while running.

The `UrlPolicy` of every fetcher. A name blocks itself and everything below it, in whatever spelling; an address blocks
its literal only (what names lead to is the address guard's business). Pure but for the file, which is read in a thread.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Iterable
from pathlib import Path

from fetchers.errors import InvalidUrl
from fetchers.ports import Blocked
from fetchers.urls import split
from groundwork.address_guard import ipv4_within
from groundwork.clock import Clock

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 2.0
MOST_FILE_BYTES = 64 * 1024 * 1024


class BlockedDomains:
    """The names that one setting or list blocks. `source` is what a refusal names."""

    def __init__(self, names: Iterable[str] = (), source: str = "the setting schedulers.blocked_domains") -> None:
        """Raises ValueError for what is no name."""
        self._source = source
        self._names: frozenset[str] = frozenset()
        self._labels = 0
        self.replace(names)

    @property
    def count(self) -> int:
        """How many names there are."""
        return len(self._names)

    def replace(self, names: Iterable[str]) -> None:
        """From now on these are blocked, and no others. Raises ValueError, and changes nothing, for what is no name."""
        self._take(frozenset(normal_name(name) for name in names))

    def _take(self, names: frozenset[str]) -> None:
        self._names = names
        self._labels = max((name.count(".") + 1 for name in names), default=0)

    def verdict(self, url: str) -> Blocked | None:
        """See `UrlPolicy`."""
        if not self._names:
            return None
        try:
            host = split(url).host
        except InvalidUrl:
            return None
        rule = self._rule_for(host)
        return None if rule is None else Blocked(f"{self._source} names {rule}")

    def _rule_for(self, host: str) -> str | None:
        name = _address_meant(host) if host.startswith("[") else host.rstrip(".")
        labels = name.rsplit(".", self._labels)  # no rule has more, however many the host has
        for start in range(len(labels) - 1, -1, -1):
            rule = ".".join(labels[start:])
            if rule in self._names:
                return rule
        return None


class BlockedDomainsFile:
    """Keeps `domains` at what the settings name and a file holds: one name a line, `#` begins a comment."""

    def __init__(self, domains: BlockedDomains, always: Iterable[str], file: Path, clock: Clock) -> None:
        """Reads the file. Raises ValueError where it cannot be read or holds what is no name."""
        self._domains = domains
        self._always = tuple(always)
        self._file = file
        self._clock = clock
        self._version: object = None
        try:
            self._version = self._look()
            self._domains.replace((*self._always, *self._read()))
        except OSError as error:
            raise ValueError(f"schedulers.blocked_domains_file {file}: {error.strerror}") from error

    async def run(self) -> None:
        """Read the file again whenever it has changed, within seconds, until cancelled. One that cannot be read changes
        nothing."""
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Once."""
        try:
            version = self._look()
            if version == self._version:
                return
            self._version = version
            self._domains._take(await asyncio.to_thread(self._normal))
            fields = {"list": str(self._file), "entries": self._domains.count}
            log.info("%s: %d domains are blocked", self._file, self._domains.count, extra=fields)
        except (OSError, ValueError) as error:
            if self._version is not None:
                log.warning("%s was not taken, what was blocked stays blocked: %s", self._file, error)
            self._version = None

    def _normal(self) -> frozenset[str]:
        return frozenset(normal_name(name) for name in (*self._always, *self._read()))

    def _look(self) -> object:
        found = self._file.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> list[str]:
        with self._file.open("rb") as file:
            data = file.read(MOST_FILE_BYTES + 1)
        if len(data) > MOST_FILE_BYTES:
            raise ValueError(f"it is larger than {MOST_FILE_BYTES} bytes")
        lines = (line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").splitlines())
        return [line for line in lines if line]


def normal_name(text: str) -> str:
    """A host name or address as the URL parser writes it: `*.Bücher.example.` → `xn--bcher-kva.example`. Raises
    ValueError."""
    name = text.strip().removeprefix("*.").strip(".")
    if name.count(":") > 1 and not name.startswith("["):
        name = f"[{name}]"
    bad = not name or any(letter in name for letter in "/?#@\\%") or (":" in name and not name.startswith("["))
    try:
        host = "" if bad else split(f"http://{name}/").host
    except InvalidUrl:
        host = ""
    if not host:
        raise ValueError(f'{text!r} is no domain to block; it takes "example.com", "203.0.113.7" or "2001:db8::1"')
    return _address_meant(host) if host.startswith("[") else host.rstrip(".")


def _address_meant(host: str) -> str:
    """An IPv6 address that leads to an IPv4 one is that one, in whatever form it carries it."""
    within = ipv4_within(ipaddress.IPv6Address(host[1:-1]))
    return host if within is None else str(within)
