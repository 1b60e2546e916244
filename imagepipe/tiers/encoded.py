"""The encoded tier: originals as they came, in memory. Also the partial store where there is no disk."""

from dataclasses import replace

from groundwork.clock import Clock
from imagepipe.config import TierLimits
from imagepipe.model import Original
from imagepipe.tiers.lru import Shared

OVERHEAD = 512


class EncodedTier:
    """An `OriginalTier` and a `PartialTier` in memory."""

    def __init__(self, limits: TierLimits, shared: Shared[Original], clock: Clock) -> None:
        self.lru = shared.join(limits)
        self._clock = clock

    @property
    def on(self) -> bool:
        return self.lru.on

    async def get(self, identifier: str) -> Original | None:
        return self.lru.get(identifier, self._clock.now())

    def knows(self, identifier: str) -> bool:
        return identifier in self.lru

    async def put(self, identifier: str, original: Original) -> bool:
        return self.lru.put(identifier, original, len(original.body) + OVERHEAD, self._clock.now())

    async def extend(self, identifier: str, at: int, piece: Original) -> bool:
        known = self.lru.peek(identifier) if at else None
        if known is not None and len(known.body) == at and known.same_version(piece):
            return await self.put(identifier, replace(piece, body=known.body + piece.body))
        return at == 0 and await self.put(identifier, piece)

    async def remove(self, identifier: str) -> bool:
        return self.lru.remove(identifier) is not None

    def identifiers(self, tag: str | None = None) -> list[str]:
        return [key for key, entry in self.lru.items() if tag is None or tag in entry.value.tags]
