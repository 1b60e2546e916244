"""The HTTP server over a built product: its socket, bound before anything else so that a busy port is said at once,
limits on connections, TLS, HTTP manners, the rules on browsers, and a port for metrics."""

import errno
import socket
from typing import Any

from groundwork.clock import Clock
from groundwork.front.browsers import BrowserFront
from groundwork.front.manners import Manners
from groundwork.front.server import FrontServer
from groundwork.front.tls import Certificate, Encryption
from spiderduck.api.app import browser_rules
from spiderduck.api.front.access import AccessLog
from spiderduck.api.front.browsers import key_check
from spiderduck.api.front.shutdown import come_again_when
from spiderduck.bootstrap.product import Product
from spiderduck.config import Config
from spiderduck.errors import BadSetting, PortInUse

SHUTDOWN_SECONDS = 2
PROBES = ("/healthz", "/readyz", "/metrics")
"""Asker for by machines, under whatever name they have for a process."""


def make_server(
    product: Product, config: Config, clock: Clock, metrics_listener: socket.socket | None = None
) -> FrontServer:
    """Not serving yet. Raises `BadSetting` where the certificate cannot be used."""
    app: Any = come_again_when(product.health.stopping, product.app)
    app = BrowserFront(app, browser_rules(config), open_paths=PROBES, trusted=key_check(product.keys))
    app = AccessLog(app, product.health.telemetry.answered, clock.monotonic)  # inside the manners: with the request id
    app = Manners(app)  # around the rules, so that what they refuse has a request id as well
    if metrics_listener is not None:
        app = _by_port({metrics_listener.getsockname()[1]: product.metrics_app}, app)
    return FrontServer(
        app,
        config.api.front,
        trusted=config.api.trusted_proxies,
        encryption=Encryption(certificate_of(config, clock), () if metrics_listener is None else (metrics_listener,)),
        shutdown_seconds=SHUTDOWN_SECONDS,
    )


def certificate_of(config: Config, clock: Clock) -> Certificate | None:
    """None without TLS. Raises `BadSetting`."""
    if not config.api.tls_certificate:
        return None
    try:
        return Certificate(config.api.tls_certificate, config.api.tls_key, clock.now)
    except ValueError as error:
        raise BadSetting(f"api.tls_certificate, api.tls_key: {error}") from error


def _by_port(others: dict[int, Any], app: Any) -> Any:
    """What came in on one of `others` goes there."""

    async def choosing(scope: Any, receive: Any, send: Any) -> None:
        at = scope.get("server")
        await others.get(at[1] if at else 0, app)(scope, receive, send)

    return choosing


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises `PortInUse`, `BadSetting`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise BadSetting(f"host is {host!r}, which is not an address of this machine") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"another program listens on {host}:{port}; stop it, or choose another port with --port"
            ) from error
        raise BadSetting(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


def url_of(listener: socket.socket, *, secure: bool = False) -> str:
    """Where it listens, as a person would type it; `secure`: it speaks TLS."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http{'s' if secure else ''}://{shown}:{port}"
