"""Politeness state in memory, for a fetcher on its own. It outlives an eviction, not the process."""

from collections.abc import Mapping


class MemoryHostStates:
    """A dictionary of this object."""

    def __init__(self) -> None:
        self._states: dict[str, Mapping[str, float]] = {}

    async def load(self, domain: str) -> Mapping[str, float] | None:
        return self._states.get(domain)

    async def save(self, domain: str, state: Mapping[str, float]) -> None:
        self._states[domain] = dict(state)
