"""Keeps a process that decodes pictures flat: few arenas, and freed pages go back to the system.

glibc keeps up to eight arenas per core, and each keeps the largest picture it ever held. Elsewhere nothing is done.
"""

import ctypes
from functools import cache

_M_ARENA_MAX = -8  # malloc.h


@cache
def _libc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None


def limit_arenas(most: int = 2) -> bool:
    """At most so many arenas (what `MALLOC_ARENA_MAX` does, for a process already running). False without glibc."""
    libc = _libc()
    return libc is not None and bool(libc.mallopt(_M_ARENA_MAX, most))


def give_back() -> bool:
    """Return free pages to the system; whether any were. Takes about 100 µs; the interpreter lock is not held."""
    libc = _libc()
    return libc is not None and bool(libc.malloc_trim(0))
