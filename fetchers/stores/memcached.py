"""Several memcached servers as one cache that may forget anything: politeness state of domains, copies of robots.txt.

A key lives on the server that rendezvous hashing gives it, so that a server's loss moves its own keys only. Nobody
waits for the cache. A server that fails or is slow is left out for a while, its keys go to the next in line, and the
answer is "not there". What cannot be true is not believed: a state from the future would silence a domain for ever.
"""

import asyncio
import logging
import math
import ssl
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

import aiomcache
import msgspec
from aiomcache.exceptions import ClientException, ValidationException
from aiomcache.pool import Connection, MemcachePool
from msgspec import structs

from fetchers.model import KeptPoliteness
from fetchers.politeness.slot import BACKOFF_LONGEST
from groundwork.clock import Clock
from groundwork.engine_tls import EngineTls

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.25
RETRY_SECONDS = 10.0
MOST_CONNECTIONS = 4
MOST_BYTES = 1_000_000
"""memcached takes 1 MiB with key and overhead, unless it is told otherwise (`-I`)."""
LONGEST_LIFE = 30 * 86_400
"""memcached takes a larger number for a moment (protocol.txt, "Expiration times")."""

Value = TypeVar("Value")


@dataclass(slots=True)
class RingCounters:
    """`failures`: no answer, or none in time; `refused`: not taken; `ejections`: servers left out."""

    hits: int = 0
    misses: int = 0
    failures: int = 0
    refused: int = 0
    ejections: int = 0
    unreadable: int = 0


class _SignedIn(MemcachePool):
    """Shows each new connection's user and password before anything else is asked on it (protocol.txt,
    "Authentication"): the text protocol takes them as the value of a `set`, whatever the key."""

    def __init__(self, place: tuple[str, int], auth: str, conn_args: Mapping[str, object]) -> None:
        super().__init__(*place, minsize=1, maxsize=MOST_CONNECTIONS, conn_args=conn_args)
        said = auth.replace(":", " ", 1).encode()
        self._said = b"set auth 0 0 %d\r\n%s\r\n" % (len(said), said) if auth else b""

    async def _create_new_conn(self) -> Connection | None:
        made: Connection | None = await super()._create_new_conn()
        if made is None or not self._said:
            return made
        made.writer.write(self._said)
        if (answer := await made.reader.readline()) != b"STORED\r\n":
            self._do_close(made)
            said = answer[:200].decode(errors="replace").strip()
            raise PermissionError(f"memcached.auth is not what the server takes: {said}")
        return made


class _Server:
    """One server; its connections are given up together when one of them fails, since an answer may still be on it."""

    def __init__(self, address: str, auth: str, context: ssl.SSLContext | None) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f'{address!r} is no memcached server; it takes "host:port"')
        self.address = address
        self._place = (host.strip("[]"), int(port))
        self._auth = auth
        self._conn_args: Mapping[str, object] = {} if context is None else {"ssl": context}
        self.out_until = 0.0
        self.client = self._new_client()

    def _new_client(self) -> aiomcache.Client:
        client = aiomcache.Client(*self._place)
        client._pool = _SignedIn(self._place, self._auth, self._conn_args)  # the client takes none as an argument
        return client

    async def renew(self) -> None:
        old, self.client = self.client, self._new_client()
        await old.close()


class MemcachedRing:
    """`hosts` as `host:port`, ValueError where there is none; `timeout` in seconds; `auth` as `user:password`."""

    def __init__(
        self,
        hosts: Sequence[str],
        clock: Clock,
        timeout: float = TIMEOUT_SECONDS,
        *,
        auth: str = "",
        tls: EngineTls | None = None,
    ) -> None:
        if not hosts:
            raise ValueError('memcached.hosts is empty; it takes addresses such as ["cache-1:11211"]')
        context = tls.context() if tls is not None else None
        self._servers = [_Server(address, auth, context) for address in hosts]
        self._clock = clock
        self._timeout = timeout
        self.counters = RingCounters()

    @property
    def addresses(self) -> list[str]:
        return [server.address for server in self._servers]

    @property
    def left_out(self) -> int:
        """How many servers are passed over now."""
        now = self._clock.monotonic()
        return sum(server.out_until > now for server in self._servers)

    async def get(self, key: str) -> bytes | None:
        """None where it is not there, or its server does not answer in time."""
        wire = _wire_key(key)
        server = self._server_of(wire)
        if server is None:
            return None
        found = await self._ask(server, server.client.get(wire))
        if found is None:
            self.counters.misses += 1
        else:
            self.counters.hits += 1
        return found

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep `value` for at most that long; forgotten where its server does not answer in time."""
        wire = _wire_key(key)
        server = self._server_of(wire)
        if len(value) > MOST_BYTES:
            self.counters.refused += 1
        elif server is not None:
            await self._ask(server, server.client.set(wire, value, exptime=max(1, min(int(seconds), LONGEST_LIFE))))

    async def close(self) -> None:
        for server in self._servers:
            await server.client.close()

    def _server_of(self, key: bytes) -> _Server | None:
        now = self._clock.monotonic()
        alive = [server for server in self._servers if server.out_until <= now]
        return max(alive, key=lambda server: _weight(server.address, key), default=None)

    async def _ask(self, server: _Server, question: Awaitable[Value]) -> Value | None:
        try:
            async with asyncio.timeout(self._timeout):
                return await question
        except (ClientException, ValidationException) as error:
            # It answers, and does not want this (too large, out of memory): no reason to leave it out.
            self.counters.refused += 1
            log.debug("memcached at %s refused: %s", server.address, error)
        except (OSError, TimeoutError, EOFError, ValueError, IndexError) as error:
            await self._eject(server, error)
        except asyncio.CancelledError:
            await server.renew()
            raise
        return None

    async def _eject(self, server: _Server, error: Exception) -> None:
        self.counters.failures += 1
        now = self._clock.monotonic()
        if server.out_until <= now:
            self.counters.ejections += 1
            log.warning("memcached at %s is left out for %.0f s: %r", server.address, RETRY_SECONDS, error)
        server.out_until = now + RETRY_SECONDS
        await server.renew()


def _wire_key(key: str) -> bytes:
    """Of one length and without blanks, whatever the key."""
    return b"spiderduck:" + blake2b(key.encode(), digest_size=20).hexdigest().encode()


@lru_cache(maxsize=16_384)
def _weight(address: str, key: bytes) -> bytes:
    return blake2b(key, key=address.encode()[:64], digest_size=8).digest()


STATE_SECONDS = 2 * BACKOFF_LONGEST
"""Longer than the longest pause with its jitter."""

LONGEST_REASON = 1_000
_decode = msgspec.msgpack.Decoder(KeptPoliteness).decode
_encode = msgspec.msgpack.Encoder().encode


class MemcachedHostStates:
    """Politeness state of domains, which outlives a fetcher and moves with the domain to another."""

    def __init__(self, ring: MemcachedRing, clock: Clock) -> None:
        self._ring = ring
        self._clock = clock

    async def load(self, domain: str) -> KeptPoliteness | None:
        found = await self._ring.get(f"state {domain}")
        if found is None:
            return None
        state = _plausible_state(found, self._clock.now() + STATE_SECONDS)
        if state is None:
            self._ring.counters.unreadable += 1
        return state

    async def save(self, domain: str, state: KeptPoliteness) -> None:
        await self._ring.set(f"state {domain}", _encode(state), STATE_SECONDS)


def _plausible_state(data: bytes, latest: float) -> KeptPoliteness | None:
    try:
        state = _decode(data)
    except (ValueError, RecursionError):
        return None
    *numbers, reason = structs.astuple(state)
    if all(math.isfinite(value) and 0 <= value <= latest for value in numbers) and len(reason) <= LONGEST_REASON:
        return state
    return None


class MemcachedRobotsCache:
    """Whoever can write to the servers can change what is fetched, never crash us: copies are read with care."""

    def __init__(self, ring: MemcachedRing) -> None:
        self._ring = ring

    async def get(self, origin: str) -> bytes | None:
        return await self._ring.get(f"robots {origin}")

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        await self._ring.set(f"robots {origin}", value, seconds)
