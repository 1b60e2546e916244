"""How near this process is to the memory it may use, asked by the vultures at every round.

Where no limit is set or the system does not say, there is no pressure.
"""

from collections.abc import Callable
from pathlib import Path

from groundwork.memory import resident_bytes

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
UNLIMITED = 1 << 60
"""The first version of control groups writes a number near 2^63 for "no limit"."""


def memory_pressure(limit_bytes: int = 0) -> Callable[[], float]:
    """A function that gives used / allowed bytes; the limit of the container where `limit_bytes` is 0."""
    limit = limit_bytes or container_limit()

    def used_share() -> float:
        return 0.0 if limit is None else resident_bytes() / limit

    return used_share


def container_limit() -> int | None:
    """The memory limit of this container in bytes; None outside of one or where it has none."""
    for file in CGROUP_LIMITS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < UNLIMITED:
            return int(text)
    return None
