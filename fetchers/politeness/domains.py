"""The domains that this fetcher sends to: which are its own, the queue of each, and how each is treated.

Asked by `fetcher.py` for every request. A queue belongs to one holding of its domain; with the next holding it begins
anew.
"""

from fetchers.model import DomainState, NotMine
from fetchers.politeness.limits import Limits
from fetchers.politeness.queue import DomainQueue
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import FOREVER, DomainSlot
from fetchers.ports import Holding, HostStateStore, Ownership
from fetchers.urls import registrable_domain


class Domains:
    """See the module."""

    def __init__(self, queues: RequestQueues, limits: Limits, ownership: Ownership, states: HostStateStore) -> None:
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
        state = await self._states.load(domain)
        now = self.queues.now()
        slot = DomainSlot.starting_empty(self.limits.of(domain), min(holding.since, now))
        if state is not None:
            slot.restore(state, now)
        return self.queues.open(domain, slot, holding)

    def state(self, host: str) -> DomainState:
        """How the domain of `host` is treated; its queue only where it is here."""
        domain, now = registrable_domain(host), self.queues.now()
        limit = self.limits.of(domain)
        state = DomainState(limit.per_second, limit.burst, limit.most_parallel)
        if (queue := self.queues.get(domain)) is not None:
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
