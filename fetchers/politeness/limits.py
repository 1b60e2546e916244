"""Which rate limit holds for a domain: what was set while running, then the settings, then the shipped list.

Asked by `fetcher.py` when a queue is opened and after every change. The exact name wins over a pattern, a longer
pattern over a shorter one.
"""

import logging
from collections.abc import Callable, Mapping

from fetchers.config import RateLimits, lookup_pattern
from fetchers.model import RateLimit
from fetchers.ports import LimitStore
from fetchers.rates import wrong_rate
from fetchers.urls import registrable_domain

audit = logging.getLogger("fetchers.audit")


class Limits:
    """The limits of one fetcher; `set` changes them for all fetchers."""

    def __init__(self, settings: RateLimits, store: LimitStore) -> None:
        self._settings = settings
        self._store = store

    def of(self, domain: str) -> RateLimit:
        return lookup_pattern(self._store.current(), domain) or self._settings.for_domain(domain)

    async def set(self, name: str, limit: RateLimit | None, by: str) -> None:
        """Set the limit of a domain or pattern (`*.example.com`), with None take what was set away; `by` is who did it.

        Raises ValueError for what cannot be a limit, and `CoordinatorUnavailable`.
        """
        name = _checked_name(name)
        before = self._store.current().get(name)
        if limit is not None and (wrong := wrong_rate(limit.per_second, limit.burst, limit.parallel)) is not None:
            raise ValueError(wrong)
        await self._store.put(name, limit)
        audit.info("the rate limit of %s was changed by %s from %s to %s", name, by, _told(before), _told(limit))


class MemoryLimitStore:
    """Rate limits set while running."""

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


def _checked_name(name: str) -> str:
    name = name.strip().lower().rstrip(".")
    pattern = name.startswith("*.")
    host = name.removeprefix("*.")
    if not host or any(character in host for character in " */@?#\\") or not host.isascii():
        raise ValueError(
            f'{name!r} is no domain; it takes a name such as "example.com" or a pattern such as "*.example.com"'
        )
    return name if pattern else registrable_domain(host)


def _told(limit: RateLimit | None) -> str:
    if limit is None:
        return "what the settings say"
    parallel = "" if limit.parallel is None else f", {limit.parallel} in parallel"
    return f"{limit.per_second:g}/s with a burst of {limit.burst}{parallel}"
