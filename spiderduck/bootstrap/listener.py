"""The socket that the HTTP server listens on, bound before anything else so that a busy port is said at once."""

import errno
import socket

from spiderduck.errors import BadSetting, PortInUse


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
