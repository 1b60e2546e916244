"""Do the servers agree on who is who and what time it is? Pure; `sanity.py` asks the peers.

Limits: ten seconds from the mean of the peers at the start (Twitter's server: "Worker clock is offset", 10,000 ms),
half a second while serving, since ids are to be sorted within one second. Every finding names the peer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

START_LIMIT_MS = 10_000
SERVING_LIMIT_MS = 500


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What a peer said. `registered_id`: the worker id it is registered with, None where only its URL is known.
    `offset_ms`: its clock minus ours."""

    url: str
    registered_id: int | None
    worker_id: int
    datacenter_id: int
    offset_ms: float


def findings(datacenter_id: int, worker_id: int, answers: Sequence[PeerAnswer], limit_ms: int) -> list[str]:
    """What is wrong, as sentences; empty where all is well."""
    found = []
    for peer in answers:
        if peer.registered_id is not None and peer.worker_id != peer.registered_id:
            found.append(f"{peer.url} is registered as worker {peer.registered_id} and says it is {peer.worker_id}")
        if peer.datacenter_id != datacenter_id:
            found.append(f"{peer.url} is in datacenter {peer.datacenter_id}, this server in {datacenter_id}")
        elif peer.worker_id == worker_id:
            found.append(f"{peer.url} mints as worker {worker_id}, and so does this server")
    if answers:
        mean = sum(peer.offset_ms for peer in answers) / len(answers)
        if abs(mean) > limit_ms:
            way = "behind" if mean > 0 else "ahead of"
            found.append(
                f"this clock is {abs(mean):.0f} ms {way} the mean of {len(answers)} peers; {limit_ms} ms are allowed"
            )
    return found
