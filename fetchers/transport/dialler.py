"""Opens connections: resolve, guard every answer, connect, TLS. Stands behind `aiohttp.py`'s pool.

No socket is made for an address that the guard has not allowed, and the address that was checked is the one that is
dialled. A name is resolved once for a connection, and one refused answer refuses them all: a name with a public and a
private address is an attack, or as good as one.
"""

import asyncio
import logging
import os
import ssl
import time
from collections.abc import Callable
from errno import ETIMEDOUT
from functools import partial
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, IPPROTO_TCP, SOCK_STREAM, AddressFamily, socket
from typing import TypeVar

import certifi
from aiohappyeyeballs import AddrInfoType, start_connection

from fetchers.errors import BlockedAddress, ConnectError, TimedOut, TlsError
from fetchers.ports import ConnectionInfo
from fetchers.transport.resolver import Overrides, Resolver
from fetchers.urls import UrlParts
from groundwork.address_guard import AddressPolicy

log = logging.getLogger(__name__)

HAPPY_EYEBALLS_DELAY = 0.25
"""RFC 8305, section 5: the recommended delay between two attempts."""
TLS_SHUTDOWN_SECONDS = 1.0
NOT_PUBLIC = "its address is not a public one"
"""The same sentence whatever the address: a caller must not learn where a name leads inside. The log says it at debug.
"""

AnyProtocol = TypeVar("AnyProtocol", bound=asyncio.Protocol)


class Dialler:
    """Dials what `policy` allows; names of `overrides` are dialled where these say, whatever the policy."""

    def __init__(
        self, policy: AddressPolicy, overrides: Overrides, resolver: Resolver, ssl_context: ssl.SSLContext
    ) -> None:
        self._policy = policy
        self._overrides = overrides
        self._resolver = resolver
        self._ssl_context = ssl_context

    async def dial(self, parts: UrlParts, make: Callable[[], AnyProtocol]) -> tuple[AnyProtocol, ConnectionInfo]:
        """A connection for `parts`, secure where its scheme is https. Raises a `TransportError`."""
        began = time.perf_counter()
        addresses, make_socket = await self._addresses(parts)
        resolved = time.perf_counter()
        opened, peer = await _connect(parts.host, addresses, make_socket)
        connected = time.perf_counter()
        protocol, security = await self._speak(parts, opened, make)
        return protocol, ConnectionInfo(
            address=peer[0],
            port=peer[1],
            tls_version=None if security is None else security.version(),
            certificate_subject=None if security is None else _subject(security),
            dns_seconds=resolved - began,
            connect_seconds=connected - resolved,
            tls_seconds=time.perf_counter() - connected,
            paced_by=self._paced_by(parts, str(addresses[0][4][0])),
            by_setting=self._paced_by(parts, peer[0]) is None,
        )

    def _paced_by(self, parts: UrlParts, address: str) -> str | None:
        if self._overrides.find(parts.host) is not None or self._policy.exempts(address):
            return None
        return address

    async def _addresses(self, parts: UrlParts) -> tuple[list[AddrInfoType], Callable[[AddrInfoType], socket]]:
        override = self._overrides.find(parts.host)
        if override is not None:
            host, port = override
            return [_address_info(address, port) for address in await self._resolve(host)], _make_socket
        addresses = await self._resolve(parts.host)
        for address in addresses:
            self._guard(parts.host, parts.port, address)
        return [_address_info(address, parts.port) for address in addresses], partial(self._guarded_socket, parts.host)

    async def _resolve(self, host: str) -> tuple[str, ...]:
        literal = host.strip("[]")
        try:
            return (str(ip_address(literal)),)
        except ValueError:
            return await self._resolver.resolve(host)

    def _guard(self, host: str, port: int, address: str) -> None:
        if (refusal := self._policy.refusal(address)) is not None:
            log.debug("%s is not dialled: %s", host, refusal)
            raise BlockedAddress(f"{host} is not dialled: {NOT_PUBLIC}")
        if (refusal := self._policy.port_refusal(port, address)) is not None:
            raise BlockedAddress(f"{host} is not dialled: {refusal}")

    def _guarded_socket(self, host: str, info: AddrInfoType) -> socket:
        """The last look, at the very address that is about to be dialled."""
        address, port = str(info[4][0]), int(info[4][1])
        self._guard(host, port, address)
        return _make_socket(info)

    async def _speak(
        self, parts: UrlParts, opened: socket, make: Callable[[], AnyProtocol]
    ) -> tuple[AnyProtocol, ssl.SSLObject | None]:
        loop = asyncio.get_running_loop()
        if parts.scheme != "https":
            try:
                _, protocol = await loop.create_connection(make, sock=opened)
            except OSError as error:
                opened.close()
                raise ConnectError(f"{parts.host} ended the connection at once: {_connect_reason(error)}") from error
            return protocol, None
        # Certificates name hosts without a trailing dot and addresses without brackets.
        name = parts.host.strip("[]").rstrip(".")
        try:
            transport, protocol = await loop.create_connection(
                make,
                sock=opened,
                ssl=self._ssl_context,
                server_hostname=name,
                ssl_shutdown_timeout=TLS_SHUTDOWN_SECONDS,
            )
        except (OSError, ValueError) as error:
            opened.close()
            raise TlsError(f"no secure connection to {parts.host}: {_tls_reason(error)}") from error
        return protocol, transport.get_extra_info("ssl_object")


def make_ssl_context() -> ssl.SSLContext:
    """Verifies against the system's authorities and certifi's: a slim container has none of its own."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.hostname_checks_common_name = False  # RFC 9525, section 6.1; browsers have not looked there for years
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _connect(
    host: str, addresses: list[AddrInfoType], make_socket: Callable[[AddrInfoType], socket]
) -> tuple[socket, tuple[str, int]]:
    """A connected socket and the address at its other end."""
    try:
        opened = await start_connection(
            addresses, happy_eyeballs_delay=HAPPY_EYEBALLS_DELAY, socket_factory=make_socket
        )
        try:
            peer = opened.getpeername()
        except OSError:
            opened.close()
            raise
    except (OSError, RuntimeError) as error:  # uvloop raises RuntimeError for some failed connects
        if getattr(error, "errno", None) == ETIMEDOUT:
            raise TimedOut(f"{host} did not answer the connection attempt", "connect") from error
        log.debug("no connection to %s: %s", host, error)
        raise ConnectError(f"no connection to {host}: {_connect_reason(error)}") from error
    return opened, (peer[0], peer[1])


def _connect_reason(error: Exception) -> str:
    """Without the address, which the system's own sentence has."""
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else "it cannot be reached"


def _make_socket(info: AddrInfoType) -> socket:
    return socket(family=info[0], type=info[1], proto=info[2])


def _address_info(address: str, port: int) -> AddrInfoType:
    family = AddressFamily(AF_INET6 if ":" in address else AF_INET)
    return (family, SOCK_STREAM, IPPROTO_TCP, "", (address, port))


def _tls_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return str(error) or "the connection ended during the handshake"


def _subject(security: ssl.SSLObject) -> str | None:
    """The subject's common name, or all of it where it has none."""
    certificate = security.getpeercert() or {}
    pairs = [(str(pair[0]), str(pair[1])) for names in certificate.get("subject", ()) for pair in names]
    names = [value for key, value in pairs if key == "commonName"]
    return names[0] if names else ", ".join(f"{key}={value}" for key, value in pairs) or None
