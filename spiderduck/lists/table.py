"""A set of a million texts in twelve bytes each: the first bytes of their SHA-256, sorted, and where each stands. Pure.

Two different texts share eight bytes of a SHA-256 with a probability of one in 10^13 for a million entries, and whoever
matches reads the entry as it is written, so that a chance is seen.
"""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

BYTES = 8
_PLACE_BITS = 32


def digest_of(text: str) -> bytes:
    """The SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def key_of(text: str) -> int:
    """The number by which tables look for a text: the first bytes of its digest."""
    return int.from_bytes(digest_of(text)[:BYTES])


class HashTable:
    """Immutable. `found` tells which of several texts are in it, and where they stand in their file, which has less
    than four gigabytes.

    Most of what is looked for is not there: a map with at least eight bits an entry says so without a search.
    """

    __slots__ = ("_keys", "_map", "_map_shift", "_places", "_shift")

    def __init__(self, entries: Iterable[tuple[bytes, int]], size: int = BYTES) -> None:
        """`entries`: digests, or prefixes of them of at least `size` bytes, each with its place."""
        # By their first byte, so that no sort holds the interpreter for long: a million took a second of everybody's.
        heaps: list[list[int]] = [[] for _ in range(256)]
        for digest, place in entries:
            heaps[digest[0]].append(int.from_bytes(digest[:size]) << _PLACE_BITS | place)
        self._keys, self._places = array("Q"), array("I")
        for heap in heaps:
            heap.sort()
            self._keys.extend(one >> _PLACE_BITS for one in heap)
            self._places.extend(one & 0xFFFFFFFF for one in heap)
            heap.clear()
        self._shift = (BYTES - size) * 8
        bits = min(size * 8, max(3, (len(self._keys) * 8).bit_length()))
        self._map_shift = size * 8 - bits
        self._map = bytearray((1 << bits) // 8)
        for key in self._keys:
            at = key >> self._map_shift
            self._map[at >> 3] |= 1 << (at & 7)

    def __len__(self) -> int:
        return len(self._keys)

    def found(self, named: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        """Of texts with their keys (`key_of`), those that are here, each with its places, in the order given."""
        shift, map_shift, bits = self._shift, self._map_shift, self._map
        for text, number in named:
            key = number >> shift
            near = key >> map_shift
            if bits[near >> 3] >> (near & 7) & 1:
                at = bisect_left(self._keys, key)
                while at < len(self._keys) and self._keys[at] == key:
                    yield text, self._places[at]
                    at += 1
