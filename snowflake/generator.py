"""READ FIRST. A generator of ids: `Generator(worker_id=1).next_id()`.

    layout.py   what an id is made of                      leases/   who may use a worker id, and since when
    worker.py   which id comes next (pure)                 service/  ids over HTTP, range leases, checks
    minting.py  the same under a lock, with a clock        ports.py  what is asked of the clock and of a lease

A bare `Generator(worker_id=1)` promises unique ids within its process only: nothing keeps another process or machine
from using the same number. `Generator(lease=FileLease(folder).acquire())` and the other leases keep the promise across
processes, crashes and clocks that were set back.
"""

import logging
from collections.abc import Callable
from random import SystemRandom
from types import TracebackType
from typing import Self

from snowflake.clock import SystemClock
from snowflake.config import GeneratorConfig
from snowflake.errors import BadConfiguration, GeneratorClosed, SnowflakeError
from snowflake.grants import Grant
from snowflake.layout import Decoded, Layout
from snowflake.leases.memory import MemoryLease
from snowflake.minting import NS_PER_MS, Mint, shared_mint
from snowflake.ports import Clock, Lease
from snowflake.worker import Sequences, Worker

log = logging.getLogger(__name__)


class Generator:
    """Mints unique, increasing 63-bit ids; may be used from any number of threads.

    From an asyncio loop it may be called directly: it waits at most one tick (a millisecond). The lease's durable time
    is written ahead by a thread of the lease; only the first id after ten idle seconds waits for that disk itself.
    """

    next_id: Callable[[], int]
    """One id, larger than every one before. Waits for the next tick where all of this one are taken.

    Raises `ClockMovedBack`, `ClockJumpedForward`, `LeaseLost`, `LeaseDoubtful`, `LeaseUnavailable`, `GeneratorClosed`.
    """

    def __init__(
        self,
        worker_id: int | None = None,
        datacenter_id: int | None = None,
        *,
        lease: Lease | None = None,
        layout: Layout | None = None,
        bridge_ms: int = 0,
        random_start: bool = False,
        most_step_ms: int = 60_000,
        clock: Clock | None = None,
    ) -> None:
        """Either `worker_id` (and `datacenter_id`, 0 by default) or a `lease`, which knows both.

        `layout`, `bridge_ms`, `random_start` and `most_step_ms` are those of `GeneratorConfig`. Raises
        `BadConfiguration`.
        """
        self.config = GeneratorConfig(layout or Layout(), bridge_ms, random_start, most_step_ms)
        self.config.validate()
        if lease is None:
            lease = _bare_lease(worker_id, datacenter_id)
        elif worker_id is not None or datacenter_id is not None:
            raise BadConfiguration("a lease brings its own worker_id and datacenter_id; leave these two away")
        # With the machine's clock all bare generators of one worker id share one mint; a test's clock is its own world.
        self._shares_mint = isinstance(lease, MemoryLease) and clock is None
        clock = clock or SystemClock()
        held = lease
        if self._shares_mint:
            self._mint = shared_mint(lease, self.config, lambda: _mint(held, self.config, clock))
        else:
            self._mint = _mint(lease, self.config, clock)
        self._closed = False
        self.worker_id = lease.worker_id
        self.datacenter_id = lease.datacenter_id
        self.next_id = self._mint.next_id

    @classmethod
    def from_config(cls, config: GeneratorConfig, lease: Lease, clock: Clock | None = None) -> Self:
        """The same with the options in one value."""
        return cls(
            lease=lease,
            layout=config.layout,
            bridge_ms=config.bridge_ms,
            random_start=config.random_start,
            most_step_ms=config.most_step_ms,
            clock=clock,
        )

    @property
    def layout(self) -> Layout:
        return self.config.layout

    @property
    def counts(self) -> dict[str, int]:
        """How often the slow ways were taken since the start."""
        return {"waits": self._mint.waits, "clock_refusals": self._mint.refusals, "renewals": self._mint.renewals}

    @property
    def ended(self) -> SnowflakeError | None:
        """Why it will never mint again (closed, lease lost); None while it can."""
        return _CLOSED if self._closed else self._mint.error

    def reserve(self, count: int) -> list[range]:
        """`count` ids as increasing ranges, at most one for each tick. Sleeps between ticks. Raises like `next_id`."""
        if count < 0:
            raise BadConfiguration.of("count", count, "a whole number from 0 on", 1000)
        return self._open_mint().reserve(count)

    def take(self, count: int) -> range:
        """Up to `count` ids at once, none where the tick is used up: for callers that must not sleep (asyncio)."""
        if count < 1:
            raise BadConfiguration.of("count", count, "a whole number from 1 on", 1000)
        return self._open_mint().take(count)

    def seconds_to_next_tick(self) -> float:
        """How long to wait after `take` gave nothing."""
        return self._mint.seconds_to_next_tick()

    def grant(self, *, own: int, count: int, from_ms: int, length_ms: int) -> Grant | None:
        """A range lease: `count` sequence numbers of every tick of a window, for another process to mint with.

        `own`: how many numbers of each tick stay here meanwhile. Starts at `from_ms`, or at once where that has passed.
        None where no such share is free. Blocks until it is durable.
        """
        return self._open_mint().grant(own=own, count=count, from_ms=from_ms, length_ms=length_ms)

    def decode(self, id: int | str) -> Decoded:
        """What an id of this layout says. Raises `InvalidId`."""
        return self.layout.decode(id)

    def close(self) -> None:
        """Write the last time used and give the worker id back. No id afterwards; twice does no harm."""
        self._closed = True
        self.next_id = self._refuse
        if not self._shares_mint:
            self._mint.close(_CLOSED)

    def _open_mint(self) -> Mint:
        if self._closed:
            raise _CLOSED
        return self._mint

    def _refuse(self) -> int:
        raise _CLOSED

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_CLOSED = GeneratorClosed("this generator is closed")


def _bare_lease(worker_id: int | None, datacenter_id: int | None) -> MemoryLease:
    if worker_id is None:
        raise BadConfiguration(
            "worker_id is missing; for example Generator(worker_id=1), or Generator(lease=FileLease(folder).acquire()) "
            "for ids that are unique on this machine"
        )
    return MemoryLease(worker_id, datacenter_id or 0)


def _mint(lease: Lease, config: GeneratorConfig, clock: Clock) -> Mint:
    if warning := config.layout.expiry_warning(clock.time_ns() // NS_PER_MS):
        log.warning(warning)
    random_below = SystemRandom().randrange if config.random_start else None
    worker = Worker(
        config.layout,
        lease.datacenter_id,
        lease.worker_id,
        floor_ms=lease.floor_ms,
        bridge_ms=config.bridge_ms,
        sequences=Sequences(random_below=random_below),
    )
    return Mint(worker, config.layout, lease, clock, config.most_step_ms)
