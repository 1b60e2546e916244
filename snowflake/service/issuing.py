"""What the service does, without HTTP: single ids, batches, range leases, and who it is. `server.py` puts it on the
wire.

The loop is never held up for longer than a tick: waiting happens in `asyncio.sleep`, disks and coordinators in a
thread.
"""

import asyncio

from snowflake.clock import SystemClock
from snowflake.config import ServiceConfig
from snowflake.errors import BadConfiguration, NoSequencesLeft
from snowflake.generator import Generator
from snowflake.layout import Layout
from snowflake.ports import Clock
from snowflake.service.metrics import UserAgents
from snowflake.service.model import Identity, LayoutShape, LeaseAnswer, LeaseRequest

_NS_PER_MS = 1_000_000


class IdService:
    """A generator and the limits of what one caller may ask of it."""

    def __init__(self, generator: Generator, config: ServiceConfig | None = None, clock: Clock | None = None) -> None:
        """Raises `BadConfiguration`."""
        self.config = config or ServiceConfig()
        self.config.validate(generator.layout.sequences)
        self.generator = generator
        self.user_agents = UserAgents()
        self.ids = self.leases = 0
        self._clock = clock or SystemClock()

    def now_ms(self) -> int:
        return self._clock.time_ns() // _NS_PER_MS

    def one(self) -> int:
        """May sleep up to a tick, where all ids of this one are taken."""
        self.ids += 1
        return self.generator.next_id()

    async def batch(self, count: int) -> list[range]:
        """Raises `BadConfiguration` for a count that is out of bounds."""
        if not 1 <= count <= self.config.most_batch:
            raise BadConfiguration.of("count", count, f"from 1 to {self.config.most_batch}", 1000)
        ranges: list[range] = []
        missing = count
        while missing:
            if ids := self.generator.take(missing):
                ranges.append(ids)
                missing -= len(ids)
            else:
                await asyncio.sleep(self.generator.seconds_to_next_tick())
        self.ids += count
        return ranges

    async def lease(self, asked: LeaseRequest) -> LeaseAnswer:
        """Durable before it is answered. Raises `NoSequencesLeft`, `BadConfiguration`, and what a lease raises."""
        self._check(asked)
        grant = await asyncio.to_thread(
            self.generator.grant,
            own=self.config.own_sequences,
            count=asked.per_ms,
            from_ms=asked.from_ms,
            length_ms=asked.length_ms,
        )
        if grant is None:
            raise NoSequencesLeft(
                f"no {asked.per_ms} sequence numbers are free for that window; ask for fewer, or again in a while"
            )
        self.leases += 1
        return LeaseAnswer(
            datacenter_id=self.generator.datacenter_id,
            worker_id=self.generator.worker_id,
            first_sequence=grant.first,
            sequences=grant.count,
            from_ms=grant.from_ms,
            until_ms=grant.until_ms,
            now_ms=self.now_ms(),
            layout=shape_of(self.generator.layout),
        )

    def identity(self) -> Identity:
        now_ms = self.now_ms()
        return Identity(
            datacenter_id=self.generator.datacenter_id,
            worker_id=self.generator.worker_id,
            now_ms=now_ms,
            ids=self.ids,
            requests=self.user_agents.counts.total(),
            leases=self.leases,
            **self.generator.counts,
            days_left=round(self.generator.layout.days_left(now_ms), 1),
            user_agents=dict(self.user_agents.counts),
        )

    def _check(self, asked: LeaseRequest) -> None:
        most = self.generator.layout.sequences - self.config.own_sequences
        if not 1 <= asked.per_ms <= most:
            raise BadConfiguration.of("per_ms", asked.per_ms, f"from 1 to {most}", min(128, most))
        if not 1 <= asked.length_ms <= self.config.most_lease_ms:
            raise BadConfiguration.of("length_ms", asked.length_ms, f"from 1 to {self.config.most_lease_ms}", 60_000)
        latest = self.now_ms() + self.config.horizon_ms
        if not 0 <= asked.from_ms <= latest:
            allowed = f"Unix milliseconds up to {self.config.horizon_ms} ms from now (or 0 for at once)"
            raise BadConfiguration.of("from_ms", asked.from_ms, allowed, 0)


def shape_of(layout: Layout) -> LayoutShape:
    """`layout` as the service tells it to its clients."""
    return LayoutShape(
        layout.time_bits,
        layout.datacenter_bits,
        layout.worker_bits,
        layout.sequence_bits,
        layout.epoch_ms,
        layout.unit_ms,
    )
