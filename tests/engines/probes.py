"""One question to a port, one answer: how engines are asked whether they serve yet. Never raises."""

import contextlib
import socket

# Longer than a loaded machine needs for a loopback answer; a server that accepts and stays silent is asked again.
_ANSWER_SECONDS = 2.0


def ask(port: int, question: bytes, size: int = 64, host: str = "127.0.0.1") -> bytes:
    """Send `question` to the port of that host and return the first bytes of the answer, empty where there is none."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=_ANSWER_SECONDS) as peer:
        peer.sendall(question)
        return peer.recv(size)
    return b""
