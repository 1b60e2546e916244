"""A set of a million texts in twelve bytes each: the first bytes of their SHA-256, sorted, and where each stands. Pure.

Two different texts share eight bytes of a SHA-256 with a probability of one in 10^13 for a million entries, and whoever
matches reads the entry as it is written, so that a chance is seen.
"""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable

BYTES = 8
_PLACE_BITS = 32


def digest_of(text: str) -> bytes:
    """The SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class HashTable:
    """Immutable. `find` gives where an entry stands in its file, which has less than four gigabytes."""

    __slots__ = ("_keys", "_places", "_size")

    def __init__(self, entries: Iterable[tuple[bytes, int]], size: int = BYTES) -> None:
        """`entries`: digests, or prefixes of them of at least `size` bytes, each with its place."""
        self._size = size
        packed = [int.from_bytes(digest[:size]) << _PLACE_BITS | place for digest, place in entries]
        packed.sort()
        self._keys = array("Q", (one >> _PLACE_BITS for one in packed))
        self._places = array("I", (one & 0xFFFFFFFF for one in packed))

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, digest: bytes) -> int | None:
        """The first place with this digest; None where there is none."""
        key = int.from_bytes(digest[: self._size])
        at = bisect_left(self._keys, key)
        return self._places[at] if at < len(self._keys) and self._keys[at] == key else None
