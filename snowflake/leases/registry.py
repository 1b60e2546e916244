"""A place on the network where worker ids are claimed: what `registered.py` needs of it. `zookeeper.py` serves it.

`write` is a compare-and-set. It alone keeps an owner who does not yet know that he lost his id from moving the time on.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Peer:
    """What a holder writes into its claim. `url`: where its service answers, empty without one."""

    host: str
    pid: int
    datacenter_id: int
    url: str = ""

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Peer | None":
        """None for a claim that another program wrote."""
        try:
            content = json.loads(data)
            return cls(content["host"], content["pid"], content["datacenter_id"], content["url"])
        except (ValueError, KeyError, TypeError):
            return None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" + (f", {self.url}" if self.url else "")


class Registry(Protocol):
    """One session with the coordinator. Every call raises `LeaseUnavailable` when it is silent for too long, and
    `LeaseLost` once the session has ended; what it was asked may then have happened or not."""

    def holders(self) -> Mapping[int, bytes]:
        """Every claim with its data."""
        ...

    def claim(self, worker_id: int, data: bytes) -> bool:
        """Hold the id while the session lives; False when somebody holds it (perhaps this very session)."""
        ...

    def read(self, worker_id: int) -> tuple[bytes, int]:
        """The durable data beside the id and its version; empty data for an id never used."""
        ...

    def write(self, worker_id: int, data: bytes, version: int) -> int | None:
        """The new version when `version` was still the present one; None, and nothing written, otherwise."""
        ...

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Call it, from any thread, when the session has ended."""
        ...

    def close(self) -> None:
        """End the session and with it every claim. Twice does no harm."""
        ...
