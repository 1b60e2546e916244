"""The domains that this fetcher sends to: which are its own, the queue of each, and how each is treated.

Asked by `fetcher.py` for every request. A queue belongs to one holding of its domain; with the next holding it begins
anew. A domain's rate limit is the one set while running, then the settings', then the shipped list's; the exact name
wins over a pattern, a longer pattern over a shorter one.
"""

import logging

from fetchers.config import RateLimits, lookup_pattern
from fetchers.model import DomainState, KeptPoliteness, NotMine, RateLimit
from fetchers.politeness.queue import DomainQueue
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import FOREVER, DomainSlot
from fetchers.ports import Holding, HostStateStore, LimitStore, Ownership
from fetchers.rates import wrong_limit
from fetchers.urls import registrable_domain

audit = logging.getLogger("fetchers.audit")


class DomainLimits:
    """Which rate limit holds for a domain; `set` changes one for all fetchers."""

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
        if limit is not None and (wrong := wrong_limit(limit)) is not None:
            raise ValueError(wrong)
        await self._store.put(name, limit)
        audit.info("the rate limit of %s was changed by %s from %s to %s", name, by, _told(before), _told(limit))


class Domains:
    """See the module."""

    def __init__(
        self, queues: RequestQueues, limits: DomainLimits, ownership: Ownership, states: HostStateStore
    ) -> None:
        self.queues = queues
        self.limits = limits
        self._ownership = ownership
        self._states = states

    def holding_of(self, host: str) -> Holding | NotMine:
        """The right to the domain of `host`, or who to ask instead."""
        return self._ownership.holding_of(registrable_domain(host))

    async def queue_of(self, host: str) -> DomainQueue | NotMine:
        """The queue of the domain of `host`."""
        domain = registrable_domain(host)
        holding = self._ownership.holding_of(domain)
        if isinstance(holding, NotMine):
            return holding
        queue = self.queues.get(domain)
        if queue is None or queue.holding is not holding:
            queue = await self._open(domain, holding)
        return queue

    async def _open(self, domain: str, holding: Holding) -> DomainQueue:
        """A domain met for the first time. What was sent before we held it is unknown, so the bucket began empty
        then.
        """
        kept = await self._states.load(domain)
        return self.queues.open(domain, self._slot(domain, holding.since, kept), holding)

    def _slot(self, domain: str, since: float, kept: KeptPoliteness | None) -> DomainSlot:
        now = self.queues.now()
        slot = DomainSlot.starting_empty(self.limits.of(domain), min(since, now))
        if kept is not None:
            slot.restore(kept, now)
        return slot

    def state(self, host: str) -> DomainState:
        """How the domain of `host` is treated; its queue only where it is here."""
        domain = registrable_domain(host)
        return self._shown(domain, self.queues.get(domain))

    async def kept_state(self, host: str) -> DomainState:
        """The same, from what is kept of the domain where its queue is not here: after a restart, or a long rest."""
        domain = registrable_domain(host)
        queue = self.queues.get(domain)
        if queue is None and (kept := await self._states.load(domain)) is not None:
            queue = self.queues.get(domain) or DomainQueue(domain, self._slot(domain, 0.0, kept))
        return self._shown(domain, queue)

    async def resume(self, host: str, by: str) -> None:
        """End the pause of the domain of `host`, whether or not its queue is here. Its limit holds on."""
        domain = registrable_domain(host)
        queue = self.queues.get(domain)
        if queue is not None:
            self.queues.resume(queue)
            slot = queue.slot
        elif (kept := await self._states.load(domain)) is not None:
            slot = self._slot(domain, 0.0, kept)
            slot.resume()
        else:
            return  # nothing is known of it, so it is not paused
        await self._states.save(domain, slot.snapshot())
        audit.info("the pause of %s was ended by %s", domain, by, extra={"domain": domain, "by": by})

    def _shown(self, domain: str, queue: DomainQueue | None) -> DomainState:
        now, limit = self.queues.now(), self.limits.of(domain)
        state = DomainState(limit.per_second, limit.burst, limit.most_parallel, ceiling=limit.ceiling)
        if queue is not None:
            state.waiting, state.in_flight = len(queue.waiting), queue.in_flight
            state.next_turn = max(now, queue.turn_of_next(now))
            state.backoff_until = _moment(queue.slot.backoff_until, now)
            state.crawl_delay = queue.slot.crawl_delay or None
            state.pause_reason = None if state.backoff_until is None else queue.why_not_now(now)
            state.pace = queue.slot.pace
        return state


def _moment(value: float, now: float) -> float | None:
    """None for what is over and for what never comes."""
    return value if now < value < FOREVER else None


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
    ceiling = "" if limit.ceiling is None else f", up to {limit.ceiling:g}/s"
    return f"{limit.per_second:g}/s{ceiling} with a burst of {limit.burst}{parallel}"
