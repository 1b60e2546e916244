"""Pictures over plain HTTP, for `python -m imagepipe serve` alone. The product uses its polite fetcher instead.

The address actually dialled is checked by the address guard, at the socket, unless private ones are allowed. Redirects
are followed (five), each through the same check; no cookies, no environment proxies.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import ada_url
import aiohttp
from aiohttp.connector import AddrInfoType
from yarl import URL

from groundwork.address_guard import AddressPolicy
from groundwork.clock import Clock
from groundwork.interfaces import own_addresses
from imagepipe.errors import SourceFailed, SourceNotAllowed
from imagepipe.originals.freshness import fresh_seconds, retry_after, storage
from imagepipe.originals.source_rules import admits, normal_source
from imagepipe.ports import SourceEnded, SourceResponse, Wanted

_CHUNK = 64 * 1024
_REDIRECTS = 5


class _Refused(OSError):
    """The address is not one that may be dialled."""


class HttpSource:
    """A `Source` on aiohttp. Close it after use."""

    def __init__(self, clock: Clock, *, user_agent: str, allow_private: bool = False) -> None:
        self._clock = clock
        self._policy = None if allow_private else AddressPolicy(own_addresses=own_addresses())
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
        seconds = max(0.1, wanted.deadline - self._clock.now())
        try:
            async with asyncio.timeout(seconds):
                response = await self._follow(wanted, seconds)
        except TimeoutError:
            return SourceEnded("timed_out", f"no answer within {seconds:.0f} s")
        except SourceNotAllowed:
            return SourceEnded("invalid_url", "it redirects to something that is not a picture's URL")
        except (aiohttp.ClientError, ValueError) as error:
            if isinstance(getattr(error, "os_error", None), _Refused):
                return SourceEnded("blocked_address", "the picture's host has no public address")
            return SourceEnded("connect_error", _why(error))
        if isinstance(response, SourceEnded):
            return response
        if response.status not in (200, 206, 304):
            response.release()
            pause = retry_after(response.headers.get("Retry-After"), self._clock.now())
            return SourceEnded("http_error", f"its server answered {response.status}", pause, response.status)
        return self._answer(response)

    async def _follow(self, wanted: Wanted, seconds: float) -> aiohttp.ClientResponse | SourceEnded:
        """The first answer that is no redirect; each hop is checked before it is asked."""
        url = wanted.url
        for _ in range(_REDIRECTS + 1):
            if not admits(url, wanted.hosts):
                return SourceEnded("source_not_allowed", "the picture's server redirects to a host that is not allowed")
            response = await self._open().get(
                URL(url, encoded=True),
                headers=_headers(wanted),
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            )
            location = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or location is None:
                return response
            response.release()
            url = normal_source(ada_url.join_url(url, location))
        return SourceEnded("too_many_redirects", f"it redirects more than {_REDIRECTS} times")

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(socket_factory=self._socket)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent, "Accept": "image/*", "Accept-Encoding": "identity"},
                trust_env=False,
            )
        return self._session

    def _socket(self, address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, target = address
        if self._policy is not None and (refusal := self._policy.refusal(str(target[0]))) is not None:
            raise _Refused(refusal)
        return socket.socket(family, kind, protocol)

    def _answer(self, response: aiohttp.ClientResponse) -> SourceResponse:
        headers = response.headers
        start, total = _range(response)
        return SourceResponse(
            response.status,
            _chunks(response),
            headers.get("Content-Type", ""),
            start,
            total,
            headers.get("ETag"),
            headers.get("Last-Modified"),
            headers.get("Accept-Ranges", "").lower() == "bytes",
            fresh_seconds(headers.get("Cache-Control"), headers.get("Expires"), self._clock.now(), headers.get("Age")),
            storage(headers.get("Cache-Control")),
        )


def _headers(wanted: Wanted) -> dict[str, str]:
    validator = wanted.etag or wanted.last_modified
    if wanted.resume_from and validator:
        return {"Range": f"bytes={wanted.resume_from}-", "If-Range": validator}
    if wanted.etag:
        return {"If-None-Match": wanted.etag}
    return {"If-Modified-Since": wanted.last_modified} if wanted.last_modified else {}


def _range(response: aiohttp.ClientResponse) -> tuple[int, int | None]:
    """Where the body begins in the picture, and how long the picture is."""
    length = response.content_length if "Content-Encoding" not in response.headers else None
    if response.status != 206:
        return 0, length
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    span, _, total = rest.partition("/")
    start = span.partition("-")[0]
    if unit != "bytes" or not start.isdigit():
        return -1, None  # nothing can be appended to that
    return int(start), int(total) if total.isdigit() else None


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_chunked(_CHUNK):
            yield chunk
    except (aiohttp.ClientError, TimeoutError) as error:
        raise SourceFailed(f"the download broke off: {error}", "protocol_error") from error
    finally:
        response.close() if not response.content.at_eof() else response.release()


def _why(error: Exception) -> str:
    """Without the address, which would tell a caller where a name leads."""
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return f"no connection to {error.host}: {os.strerror(number).lower() if number else 'it cannot be reached'}"
    return str(error) or type(error).__name__
