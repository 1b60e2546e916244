"""A client of ZooKeeper: how it connects, signs in, makes its own path and ends. For whoever has the extra `cluster`.

On kazoo, which keeps threads of its own. What a lost session or a lost answer means is each package's own affair:
`ANSWERS` are answers, `UNAVAILABLE` says that none came.
"""

import logging
import math
import socket
import ssl
from typing import Any

from kazoo.client import KazooClient  # type: ignore[import-untyped]
from kazoo.exceptions import BadVersionError, KazooException, NodeExistsError, NoNodeError  # type: ignore[import-untyped]
from kazoo.handlers.threading import KazooTimeoutError, SequentialThreadingHandler  # type: ignore[import-untyped]
from kazoo.retry import KazooRetry  # type: ignore[import-untyped]
from kazoo.security import make_digest_acl  # type: ignore[import-untyped]

from groundwork.engine_tls import EngineTls

log = logging.getLogger(__name__)

START_SECONDS = 5.0

ANSWERS = (NodeExistsError, NoNodeError, BadVersionError)
"""Errors in kazoo's eyes, and each an answer to what was asked."""
UNAVAILABLE = (KazooException, KazooTimeoutError, OSError)
"""All others: nobody answers, or the session has ended."""


def make_client(hosts: str, auth: str, session_seconds: float, tls: EngineTls | None = None) -> KazooClient:
    """`hosts` as kazoo takes them: `a:2181,b:2181/chroot`. Connects when it is started, and again for as long as it
    takes.

    `auth` is `user:password` for digest; with it, what is made here can be read and written by that user only.
    """
    user, _, password = auth.partition(":")
    context = tls.context() if tls is not None else None
    client = KazooClient(
        hosts=hosts,
        timeout=session_seconds,
        # kazoo's own pause grows to a minute, in which the session of a coordinator that is back would end.
        connection_retry=KazooRetry(max_tries=-1, delay=0.1, max_delay=1.0),
        command_retry=KazooRetry(max_tries=0),
        auth_data=[("digest", auth)] if auth else None,
        default_acl=[make_digest_acl(user, password, all=True)] if auth else None,
        handler=_handler(context),
        use_ssl=context is not None,
    )
    _note_granted(client)
    return client


class _TlsHandler(SequentialThreadingHandler):  # type: ignore[misc]
    """Connects over TLS. kazoo's own way believes the machine's authorities besides the one that it is given, and
    leaves a socket open where the handshake fails."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self.context = context

    def create_connection(self, address: tuple[str, int], hostname: str, timeout: float, **_: object) -> ssl.SSLSocket:
        """`hostname` is that of the settings, of which `address` is one."""
        with socket.create_connection(address, timeout) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self.context.wrap_socket(plain, server_hostname=hostname)


def _handler(context: ssl.SSLContext | None) -> SequentialThreadingHandler | None:
    """None: kazoo's own."""
    return None if context is None else _TlsHandler(context)


def _note_granted(client: KazooClient) -> None:
    """kazoo tells nobody which time-out the server granted; its connection's read time-out is two thirds of it."""
    connect = client._connection._connect

    def noting(*args: Any) -> Any:
        read_milliseconds, other = connect(*args)
        client.granted_seconds = read_milliseconds * 1.5 / 1000
        return read_milliseconds, other

    client._connection._connect = noting
    client.granted_seconds = math.inf


def granted_seconds(client: KazooClient) -> float:
    """The time-out of the session as the server granted it last; infinite before the first connection."""
    return float(client.granted_seconds)


def make_chroot(client: KazooClient, seconds: float = START_SECONDS) -> None:
    """Make the path below which everything of this client lies: kazoo itself makes no more than its last part.

    Blocks. Raises one of `UNAVAILABLE`, also after `seconds` without a connection.
    """
    if not client.chroot:
        return
    hosts = ",".join(f"{host}:{port}" for host, port in client.hosts)
    above = KazooClient(
        hosts=hosts,
        handler=_handler(getattr(client.handler, "context", None)),  # one handler serves one client
        use_ssl=client.use_ssl,
        auth_data=client.auth_data,
        default_acl=client.default_acl,
    )
    try:
        above.start(seconds)
        above.ensure_path(client.chroot)
    finally:
        stop(above)


def stop(client: KazooClient) -> None:
    """End the session, which frees what was held under it at once. Blocks."""
    try:
        client.stop()
        client.close()
    except KazooException as error:
        # Its thread still waits for the network; the server ends the session when its time is over.
        log.warning("the session could not be ended in good order: %r", error)
