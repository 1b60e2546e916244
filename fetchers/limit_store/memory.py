"""Limits that live as long as this process: for a fetcher alone."""

from collections.abc import Callable, Mapping

from fetchers.domain_slot import RateLimit


class MemoryLimitStore:
    """A dictionary of this object."""

    def __init__(self) -> None:
        self._limits: dict[str, RateLimit] = {}
        self._callback: Callable[[], None] = lambda: None

    def current(self) -> Mapping[str, RateLimit]:
        return self._limits

    async def put(self, name: str, limit: RateLimit | None) -> None:
        changed = {key: value for key, value in self._limits.items() if key != name}
        if limit is not None:
            changed[name] = limit
        self._limits = changed
        self._callback()

    def on_change(self, callback: Callable[[], None]) -> None:
        self._callback = callback
