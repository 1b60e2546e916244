"""What a generator asks of the world: a clock, and a lease on its worker id. Adapters: `clock.py`, `leases/`."""

from collections.abc import Sequence
from typing import Protocol

from snowflake.errors import SnowflakeError
from snowflake.grants import Grant


class Clock(Protocol):
    """Time comes in from outside."""

    def time_ns(self) -> int:
        """Wall time in Unix nanoseconds; may jump either way."""
        ...

    def elapsed_ns(self) -> int:
        """Time that passed since some moment, time asleep included; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Give the processor away for about that long."""
        ...


class Holder(Protocol):
    """The generator, as its lease sees it. Every method may be called from any thread."""

    def last_used_ms(self) -> int:
        """The time that the last id carries; the lease's floor before the first id."""
        ...

    def check_clock(self) -> None:
        """Raises `ClockJumpedForward`: asked before a time is written down, so that none from the future is."""
        ...

    def permit(self, until_ms: int) -> None:
        """Ids may now carry times up to `until_ms`. Called after that is durable, ahead of need."""
        ...

    def stop(self, error: SnowflakeError) -> None:
        """No id is minted after this returns; every later call raises `error`."""
        ...


class Lease(Protocol):
    """The right to mint with one worker id, and the durable time up to which it may have been used."""

    @property
    def worker_id(self) -> int: ...

    @property
    def datacenter_id(self) -> int: ...

    @property
    def floor_ms(self) -> int:
        """Nobody who held the worker id before minted for a later time, except inside `grants`."""
        ...

    @property
    def grants(self) -> Sequence[Grant]:
        """Range leases of earlier holders that are still running, as found at the start."""
        ...

    def attach(self, holder: Holder) -> None:
        """Whom to tell about permits and losses from now on. Called once, before the first `extend`."""
        ...

    def extend(self, now_ms: int) -> int:
        """Make durable that ids up to some time after `now_ms` may be in use, and return that time. Blocks meanwhile.

        Raises `LeaseLost` (final), `LeaseDoubtful` and `LeaseUnavailable` (may pass). A failure permits nothing.
        """
        ...

    def record_grants(self, grants: Sequence[Grant]) -> None:
        """Make the running range leases durable, replacing those recorded before. Blocks; raises like `extend`."""
        ...

    def release(self, last_used_ms: int) -> None:
        """Write the last time used and give the worker id back. Twice does no harm; a lost lease is left alone."""
        ...
