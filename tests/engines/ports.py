"""Free loopback ports, below the range from which the kernel picks ports for outgoing connections.

A port from that range (32768 and up on Linux) could be taken between the choice and the engine's own bind.
"""

import random
import socket

_FIRST, _LAST = 20_000, 32_000


def free_ports(count: int, chooser: random.Random | None = None) -> tuple[int, ...]:
    """`count` different ports that were free on 127.0.0.1 a moment ago."""
    chooser = chooser or random.SystemRandom()
    chosen: list[int] = []
    while len(chosen) < count:
        port = chooser.randint(_FIRST, _LAST)
        if port not in chosen and _is_free(port):
            chosen.append(port)
    return tuple(chosen)


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
