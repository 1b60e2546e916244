"""Vultures: what was not used for a while is taken away, on a schedule, and it is said what was freed.

They live beside `fetcher.py` and eat from `request_queues.py` and `host_cache.py`. Their one rule: politeness outlives
them. A queue goes only when its slot holds nothing that a later owner would have to know.
"""

import logging
from dataclasses import dataclass

from fetchers.config import Queues
from fetchers.host_cache import HostCache
from fetchers.ports import Clock
from fetchers.request_queues import RequestQueues

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Eaten:
    """Counters since the start."""

    queues: int = 0
    hosts: int = 0
    rounds: int = 0


class Vultures:
    """The round over all queues and hosts."""

    def __init__(self, clock: Clock, settings: Queues, queues: RequestQueues, hosts: HostCache) -> None:
        self._clock = clock
        self._settings = settings
        self._queues = queues
        self._hosts = hosts
        self.eaten = Eaten()

    def sweep(self) -> tuple[int, int]:
        """One round; returns how many queues and hosts it freed."""
        now = self._clock.now()
        queues = len(self._queues.evict_idle(now))
        hosts = self._hosts.evict_expired(now)
        self.eaten.queues += queues
        self.eaten.hosts += hosts
        self.eaten.rounds += 1
        if queues or hosts:
            log.info("vultures freed %d queues and %d hosts; %d queues stay", queues, hosts, len(self._queues))
        return queues, hosts

    async def run(self) -> None:
        """A round every `sweep_seconds` until cancelled."""
        while True:
            await self._clock.sleep(self._settings.sweep_seconds)
            self.sweep()
