"""robots.txt copies shared by all fetchers, in memcached."""

from fetchers.memcached_ring import MemcachedRing


class MemcachedRobotsCache:
    """Whoever can write to the servers can change what is fetched, never crash us: copies are read with care."""

    def __init__(self, ring: MemcachedRing) -> None:
        self._ring = ring

    async def get(self, origin: str) -> bytes | None:
        return await self._ring.get(f"robots {origin}")

    async def put(self, origin: str, value: bytes, seconds: float) -> None:
        await self._ring.set(f"robots {origin}", value, seconds)
