"""The rendered tier: finished variants, as they go over the wire. At most so many sizes of one picture are kept."""

from collections import OrderedDict
from dataclasses import replace

from groundwork.clock import Clock
from imagepipe.config import TierLimits
from imagepipe.model import VariantResult
from imagepipe.tiers.lru import Shared

OVERHEAD = 512
"""Bytes counted for an entry beside its body: keys, headers, the objects themselves."""


class RenderedTier:
    """All variants of all pictures of one pipeline, at most `sizes` of each picture. Memory only."""

    def __init__(self, limits: TierLimits, shared: Shared[VariantResult], clock: Clock, sizes: int) -> None:
        self.lru = shared.join(limits, self._forget)
        self._clock = clock
        self._sizes = sizes
        self._keys: dict[str, OrderedDict[str, None]] = {}

    def get(self, identifier: str, variant_key: str) -> VariantResult | None:
        """The variant; None for absence. A use."""
        key = _key(identifier, variant_key)
        found = self.lru.get(key, self._clock.now())
        if found is not None:
            self._keys[identifier].move_to_end(key)
        return found

    def put(self, identifier: str, variant_key: str, result: VariantResult) -> bool:
        """Keep it; the picture's least recently used variant goes when there are too many."""
        key = _key(identifier, variant_key)
        if not self.lru.put(key, result, len(result.rendered.body) + OVERHEAD, self._clock.now()):
            return False
        mine = self._keys.setdefault(identifier, OrderedDict())
        mine[key] = None
        mine.move_to_end(key)
        while len(mine) > self._sizes:
            oldest = next(iter(mine))
            self.lru.remove(oldest)
            del mine[oldest]
        return True

    def is_stale(self, result: VariantResult) -> bool:
        """Whether its original is to be asked for again."""
        return result.stale_at <= self._clock.now()

    def has(self, identifier: str) -> bool:
        """Whether there is any variant of that picture. Not a use."""
        return identifier in self._keys

    def of(self, identifier: str) -> list[VariantResult]:
        """All variants of a picture. Not a use."""
        found = (self.lru.peek(key) for key in self._keys.get(identifier, ()))
        return [value for value in found if value is not None]

    def freshen(self, identifier: str, stale_at: float) -> None:
        """All variants of a picture are right until then. Not a use."""
        for key in self._keys.get(identifier, ()):
            self.lru.replace(key, lambda result: replace(result, stale_at=stale_at))

    def remove(self, identifier: str) -> int:
        """Forget all variants of a picture; how many there were."""
        keys = self._keys.pop(identifier, OrderedDict())
        for key in keys:
            self.lru.remove(key)
        return len(keys)

    def rename(self, old: str, new: str) -> None:
        """The variants under another identifier."""
        for key in self._keys.pop(old, OrderedDict()):
            renamed = _key(new, key.split("\n", 1)[1])
            self.lru.rename(key, renamed)
            self._keys.setdefault(new, OrderedDict())[renamed] = None

    def identifiers(self, tag: str | None = None) -> list[str]:
        """Every picture of which there is a variant, or those with that tag."""
        if tag is None:
            return list(self._keys)
        return [identifier for identifier in self._keys if any(tag in each.tags for each in self.of(identifier))]

    def _forget(self, key: str, _value: VariantResult) -> None:
        identifier = key.split("\n", 1)[0]
        mine = self._keys.get(identifier)
        if mine is not None:
            mine.pop(key, None)
            if not mine:
                del self._keys[identifier]


def _key(identifier: str, variant_key: str) -> str:
    return f"{identifier}\n{variant_key}"
