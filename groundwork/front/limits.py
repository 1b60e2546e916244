"""How much a client may send before it is known, how slowly, and how many may be connected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrontLimits:
    """Sizes in bytes, times in seconds.

    - `head_bytes`, `head_fields`: a request's first line and header fields; beyond that it is answered 431.
    - `head_seconds`: from the connect, or from the first byte of a later request, to the end of the head; the TLS
      handshake has as long.
    - `idle_seconds`: a connection kept alive without a request.
    - `body_bytes_per_second`, `body_seconds`: the least that must arrive in each window of `body_seconds`; 408.
    - `stall_seconds`: a client that takes nothing of its answer for so long is cut off.
    - `pipelined`: requests that may wait for the answer to an earlier one on the same connection.
    - `connections`, `connections_per_address`: open at once. A newcomer takes the place of the connection that waits
      for a head longest; where none waits, it is answered 503.
    - `held_bytes`: all bodies whose requests are not answered yet and all answers that are not taken yet, small ones
      left out. Beyond that the oldest of the address with the most bytes gives way: a body is answered 503, an answer
      is cut off.
    """

    head_bytes: int = 65_536
    head_fields: int = 200
    head_seconds: float = 10.0
    idle_seconds: float = 30.0
    body_bytes_per_second: int = 500
    body_seconds: float = 10.0
    stall_seconds: float = 60.0
    pipelined: int = 16
    connections: int = 2000
    connections_per_address: int = 500
    held_bytes: int = 128 * 1024 * 1024

    def validate(self) -> None:
        """Raises ValueError, which names the field and what it takes."""
        for name in self.__slots__:
            value, least = getattr(self, name), 1024 if name == "head_bytes" else 0
            if value < least or (not value and name != "body_bytes_per_second"):
                raise ValueError(f"{name} is {value}; it takes {f'{least} or more' if least else 'more than 0'}")
