"""How near this process is to the memory it may use, asked by the vultures at every round; and how it is used again.

Where no limit is set or the system does not say, there is no pressure.
"""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
STATM = Path("/proc/self/statm")
UNLIMITED = 1 << 60
"""The first version of control groups writes a number near 2^63 for "no limit"."""


def memory_pressure(limit_bytes: int = 0) -> Callable[[], float]:
    """A function that gives used / allowed bytes; the limit of the container where `limit_bytes` is 0."""
    limit = limit_bytes or container_limit()

    def used_share() -> float:
        return 0.0 if limit is None else resident_bytes() / limit

    return used_share


def container_limit() -> int | None:
    for file in CGROUP_LIMITS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < UNLIMITED:
            return int(text)
    return None


def resident_bytes() -> int:
    """What of this process lies in memory; 0 where the system does not say."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
REUSED = 16 * 1024 * 1024


def reuse_freed_memory() -> bool:
    """From now on bodies up to 16 MB take memory that others gave back; False where the allocator is not glibc's.

    Otherwise it is returned to the system and faulted in anew for every page, which costs a third of a small fetch. To
    be called once, by a process's root.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    taken = (mallopt(M_MMAP_THRESHOLD, REUSED), mallopt(M_TRIM_THRESHOLD, 2 * REUSED))
    return all(taken)
