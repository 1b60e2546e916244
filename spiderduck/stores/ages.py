"""Since when domains are known, remembered: links of one domain come together, and its age does not change."""

from cachetools import LRUCache

from schedulers.ports import DomainAges

MOST_REMEMBERED = 50_000
"""Six megabytes."""


class RememberedAges:
    """The `DomainAges` port around a store."""

    def __init__(self, store: DomainAges) -> None:
        self._store = store
        self._known: LRUCache[str, float] = LRUCache(MOST_REMEMBERED)

    async def first_seen(self, domain: str) -> float:
        found = self._known.get(domain)
        if found is None:
            found = self._known[domain] = await self._store.first_seen(domain)
        return found
