"""One fetcher alone owns every domain, from its start on."""

from collections.abc import Callable


class LocalHolding:
    """Always held."""

    __slots__ = ("fence", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.fence = 0

    def holds(self) -> bool:
        return True


ALWAYS = LocalHolding(0.0)


class LocalOwnership:
    """Everything is ours since `since` (epoch seconds): what was sent before is unknown."""

    def __init__(self, since: float) -> None:
        self._holding = LocalHolding(since)

    def holding_of(self, domain: str) -> LocalHolding:
        return self._holding

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Nothing is ever lost, so it is never called."""
