"""How a client is set up: address, key, certificates, time limits. Shared by both clients."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from random import random
from typing import Any

import httpx

from schedulers.errors import InvalidUrl
from schedulers.urls import parse_url
from spiderduck.client.errors import ClientError, Unreachable

TIMEOUT_SECONDS = 30.0
"""Beyond what a call itself waits for."""
CERTIFICATES = "SSL_CERT_FILE"
"""The environment variable that OpenSSL and curl know."""


class BadAddress(ClientError, ValueError):
    """What cannot be the address of a server, or a file of certificates."""

    code = "bad_address"


def options(server: str, key: str | None) -> dict[str, Any]:
    """For `httpx.Client` and `httpx.AsyncClient`. Raises `BadAddress`."""
    try:
        base = httpx.URL(parse_url(server if "://" in server else f"http://{server}"))
    except (httpx.InvalidURL, InvalidUrl) as error:
        raise BadAddress(f"{server!r} is no URL") from error
    if base.scheme not in ("http", "https") or not base.host:
        raise BadAddress(f"{server!r} is not the address of a server; it takes, for example, http://127.0.0.1:8080")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    verify = _certificates() if base.scheme == "https" else True
    return {"base_url": base, "headers": headers, "timeout": TIMEOUT_SECONDS, "trust_env": False, "verify": verify}


def timeout(wait: float) -> httpx.Timeout:
    """Of a call that the server may take so many seconds to answer."""
    return httpx.Timeout(TIMEOUT_SECONDS, read=TIMEOUT_SECONDS + wait)


def pause_after(failures: int) -> float:
    """Seconds before a broken stream is resumed: half a second, doubling to half a minute, spread over half of that, so
    that clients of a server that was restarted do not come back at once."""
    return float(min(0.5 * 2 ** min(failures, 6), 30.0) * (0.5 + random() / 2))


STREAM_TIMEOUT = httpx.Timeout(10.0, read=45.0)
"""The server says something every fifteen seconds."""


@contextmanager
def translating(server: httpx.URL) -> Iterator[None]:
    """What httpx raises, as errors of ours."""
    try:
        yield
    except httpx.TransportError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise Unreachable(
                f"the certificate of {server} is not trusted ({error}); name the file of its authority in "
                f"{CERTIFICATES}"
            ) from error
        raise Unreachable(f"no server answers at {server} ({error or type(error).__name__})") from error


def _certificates() -> ssl.SSLContext | bool:
    """Whose certificates are trusted: the system's, or those in the file that SSL_CERT_FILE names."""
    file = os.environ.get(CERTIFICATES)
    if not file:
        return True
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise BadAddress(f"{CERTIFICATES} is {file!r}, which holds no readable certificates: {error}") from error
