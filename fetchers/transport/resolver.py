"""From a host's name to its addresses, without threads of ours: c-ares through aiodns, with a cache in front.

Asked by `dialler.py` for each new connection. One look-up at a time for a name, whose answer serves all who wait and is
kept for as long as its TTL says, within bounds. Whether an address may be dialled is not decided here.
"""

import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import aiodns
import pycares
from cachetools import TLRUCache

from fetchers.errors import DnsError
from groundwork.single_flight import SingleFlight

Lookup = Callable[[str], Awaitable[Sequence[tuple[str, float]]]]
"""The addresses of a name with their seconds to live. Raises `DnsError`."""

SHORTEST_LIFE = 5.0
LONGEST_LIFE = 600.0
LIFE_OF_FAILURE = 10.0
"""Short, since a name server in trouble recovers; long enough that a burst of links makes one look-up."""
FIRST_TRIES = 2
PATIENCE_SECONDS = 2.5
"""So long a name server may take for a name that it must first ask for itself; two of them end within a connect's time.
"""
MOST_NAMES = 20_000
NOT_FOUND = frozenset({pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_ENODATA})


@dataclass(frozen=True, slots=True)
class _Answer:
    addresses: tuple[str, ...]
    expires: float
    failure: str | None = None


class Resolver:
    """Name → addresses, cached. `lookup` is the network; tests give their own."""

    def __init__(self, lookup: Lookup | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._system = SystemLookup()
        self._lookup: Lookup = lookup or self._system
        self._monotonic = monotonic
        self._answers: TLRUCache[str, _Answer, float] = TLRUCache(MOST_NAMES, _until, monotonic)
        self._asking: SingleFlight[str, _Answer] = SingleFlight(goes_on=True)

    async def resolve(self, host: str) -> tuple[str, ...]:
        """At least one address. Raises `DnsError`, also for a while after a look-up that failed."""
        name = host.rstrip(".")
        answer = self._answers.get(name)
        if answer is None:
            answer = await self._asking.run(name, partial(self._ask, name))
        if answer.failure is not None:
            raise DnsError(answer.failure)
        return answer.addresses

    async def close(self) -> None:
        """Give up the look-ups under way and the name servers' sockets."""
        await self._asking.close()
        await self._system.close()

    async def _ask(self, name: str) -> _Answer:
        try:
            found = await self._lookup(name)
        except DnsError as error:
            answer = _Answer((), self._monotonic() + LIFE_OF_FAILURE, str(error))
        else:
            answer = self._answer(name, found)
        self._answers[name] = answer
        return answer

    def _answer(self, name: str, found: Sequence[tuple[str, float]]) -> _Answer:
        if not found:
            return _Answer((), self._monotonic() + LIFE_OF_FAILURE, f"{name} has no address")
        life = min(ttl for _, ttl in found)
        expires = self._monotonic() + min(max(life, SHORTEST_LIFE), LONGEST_LIFE)
        return _Answer(tuple(address for address, _ in found), expires)


def _until(_name: str, answer: _Answer, _now: float) -> float:
    return answer.expires


class SystemLookup:
    """The system's name servers and /etc/hosts, through c-ares. `localhost` is loopback without a question (RFC 6761).

    No search domains: a link's host is a whole name, and `wiki` must not become `wiki.our-company.example`.

    c-ares shortens its time-outs to five times the usual answer, a quarter of a second at least, and takes an address
    family that did not come in time for one that does not exist. So whatever did not give an address is asked again,
    of another server where there is one, by a resolver that knows no usual answer yet.
    """

    def __init__(self, servers: Sequence[str] | None = None) -> None:
        """`servers`: addresses to ask instead of the system's."""
        self._servers = servers
        self._resolver: aiodns.DNSResolver | None = None

    async def __call__(self, name: str) -> list[tuple[str, float]]:
        if self._resolver is None:
            self._resolver = self._open(FIRST_TRIES)
        try:
            return await _addresses(self._resolver, name)
        except UnicodeError as error:
            raise DnsError(_why(name, error)) from error
        except aiodns.error.DNSError as error:
            if error.args[0] == pycares.errno.ARES_ENOTFOUND:
                raise DnsError(_why(name, error)) from error
        patient = self._open(1)
        try:
            return await _addresses(patient, name)
        except (aiodns.error.DNSError, UnicodeError) as error:
            raise DnsError(_why(name, error)) from error
        finally:
            await patient.close()

    async def close(self) -> None:
        if self._resolver is not None:
            await self._resolver.close()
            self._resolver = None

    def _open(self, tries: int) -> aiodns.DNSResolver:
        flags = pycares.ARES_FLAG_NOSEARCH
        return aiodns.DNSResolver(self._servers, timeout=PATIENCE_SECONDS, tries=tries, flags=flags, rotate=True)


async def _addresses(resolver: aiodns.DNSResolver, name: str) -> list[tuple[str, float]]:
    answer = await resolver.getaddrinfo(name, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
    return [(_text(node.addr[0]), float(node.ttl)) for node in answer.nodes]


def _why(name: str, error: Exception) -> str:
    number = error.args[0] if error.args else None
    if number in NOT_FOUND:
        return f"{name} does not exist or has no address"
    what = error.args[1] if len(error.args) == 2 else error
    return f"{name} could not be looked up: {what}"


def _text(address: bytes | str) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address


class Overrides:
    """Names that are dialled at a fixed address and port: exact ones and `*.suffix`, the longest suffix winning."""

    def __init__(self, resolve: Mapping[str, str]) -> None:
        self._targets = {name.lower().rstrip("."): _host_and_port(target) for name, target in resolve.items()}

    def find(self, host: str) -> tuple[str, int] | None:
        """Address (or name) and port to dial instead, None where there is no such entry."""
        if not self._targets:
            return None
        name = host.lower().rstrip(".")
        if (exact := self._targets.get(name)) is not None:
            return exact
        while name:
            name = name.partition(".")[2]
            if (found := self._targets.get("*." + name)) is not None:
                return found
        return None


def _host_and_port(target: str) -> tuple[str, int]:
    host, _, port = target.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f'{target!r} is no "host:port"')
    return host.strip("[]"), int(port)
