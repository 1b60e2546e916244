"""Vultures: what was not used for a while is taken away, on a schedule, and it is said what was freed.

They evict idle queues (`ready_heap.py`) and entries of the robots gate's host cache. When memory runs short they come
sooner and take more. A queue goes only when its slot holds nothing that a later owner would have to know.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fetchers.config import Queues
from fetchers.politeness.ready_heap import RequestQueues
from groundwork.clock import Clock
from groundwork.memory import resident_bytes

log = logging.getLogger(__name__)

HUNGRY_FROM = 0.85
"""The share of the allowed memory from which idle state goes at once instead of after its time."""
BITE = 0.25
"""The share of the robots entries that goes in a round under pressure, the least recently used ones."""
HUNGRY_ROUNDS = 5
"""Under pressure there are that many rounds in the time of one."""


class ExpiringHosts(Protocol):
    """What is known of hosts, and can be fetched again."""

    def evict_expired(self, now: float) -> int:
        """Drop what is over its time; returns how many."""

    def evict_oldest(self, share: float) -> int:
        """Drop that share of the entries, the least recently used first; returns how many."""


@dataclass(slots=True)
class Eaten:
    """Counters since the start."""

    queues: int = 0
    hosts: int = 0
    rounds: int = 0
    hungry_rounds: int = 0


def no_pressure() -> float:
    """For a process without a limit."""
    return 0.0


class Vultures:
    """The round over all queues and hosts. `pressure` gives used / allowed memory."""

    def __init__(
        self,
        clock: Clock,
        settings: Queues,
        queues: RequestQueues,
        hosts: ExpiringHosts,
        pressure: Callable[[], float] = no_pressure,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._queues = queues
        self._hosts = hosts
        self._pressure = pressure
        self.eaten = Eaten()

    @property
    def hungry(self) -> bool:
        return self._pressure() >= HUNGRY_FROM

    def sweep(self) -> tuple[int, int]:
        """One round; returns how many queues and hosts it freed."""
        now, hungry = self._clock.now(), self.hungry
        queues = len(self._queues.evict_idle(now, 0.0 if hungry else None))
        hosts = self._hosts.evict_expired(now)
        if hungry:
            hosts += self._hosts.evict_oldest(BITE)
            self.eaten.hungry_rounds += 1
        self.eaten.queues += queues
        self.eaten.hosts += hosts
        self.eaten.rounds += 1
        if queues or hosts:
            why = ", since memory runs short" if hungry else ""
            stay, fields = len(self._queues), {"queues": queues, "hosts": hosts}
            log.info("vultures freed %d queues and %d hosts%s; %d queues stay", queues, hosts, why, stay, extra=fields)
        return queues, hosts

    async def run(self) -> None:
        """A round every `sweep_seconds`, under pressure more often, until cancelled."""
        while True:
            seconds = self._settings.sweep_seconds
            await self._clock.sleep(seconds / HUNGRY_ROUNDS if self.hungry else seconds)
            self.sweep()


CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
UNLIMITED = 1 << 60
"""The first version of control groups writes a number near 2^63 for "no limit"."""


def memory_pressure(limit_bytes: int = 0) -> Callable[[], float]:
    """A function that gives used / allowed bytes; the limit of the container where `limit_bytes` is 0."""
    limit = limit_bytes or container_limit()

    def used_share() -> float:
        return 0.0 if limit is None else resident_bytes() / limit

    return used_share


def container_limit() -> int | None:
    """The memory limit of this container in bytes; None outside of one or where it has none."""
    for file in CGROUP_LIMITS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < UNLIMITED:
            return int(text)
    return None
