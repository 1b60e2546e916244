"""Worker ids claimed in a registry that all machines share (`registry.py`), with the time ahead kept beside the claim.

    claim ─► fence (write once, so that whoever held the id before can write no more) ─► wait past his time ─► mint

A silent coordinator cannot be written to, so the time is written further ahead than a file's: by `deadline_ms`, which
is how long ids go on without a word from it. Nobody begins with an id before the time that its last holder wrote; so it
does not matter how late that one learns of his loss, or how wrong a clock is.
"""

import os
import socket
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from snowflake.config import MOST_WAIT_MS
from snowflake.errors import (
    BadConfiguration,
    ClockBehindHighWater,
    GeneratorClosed,
    LeaseCorrupt,
    LeaseDoubtful,
    LeaseLost,
    LeaseUnavailable,
    RegistryExhausted,
)
from snowflake.grants import Grant
from snowflake.leases.heartbeat import Heartbeat
from snowflake.leases.record import Record, wait_past
from snowflake.leases.registry import Peer, Registry
from snowflake.ports import Clock, Holder

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class RegisteredLease:
    """Any of `worker_ids`; `url` is where peers reach this one's service."""

    worker_ids: Sequence[int] = range(32)
    datacenter_id: int = 0
    url: str = ""
    deadline_ms: int = 20_000
    most_wait_ms: int = MOST_WAIT_MS

    def acquire_in(self, registry: Registry, where: str, clock: Clock) -> "HeldRegisteredLease":
        """Raises `RegistryExhausted`, `ClockBehindHighWater`, `LeaseUnavailable`, `LeaseCorrupt`."""
        if not self.worker_ids:
            raise BadConfiguration.of("worker_ids", self.worker_ids, "one or more numbers", range(32))
        peer = Peer(socket.gethostname(), os.getpid(), self.datacenter_id, self.url).to_bytes()
        for worker_id in self._by_time(registry, clock):
            if registry.claim(worker_id, peer):
                return self._hold(worker_id, registry, clock)
        holders = {worker_id: str(Peer.from_bytes(data) or data[:80]) for worker_id, data in registry.holders().items()}
        raise RegistryExhausted(where, {one: holders[one] for one in self.worker_ids if one in holders})

    def _by_time(self, registry: Registry, clock: Clock) -> list[int]:
        """The free ids; those that need not be waited for come first."""
        held = registry.holders()
        now_ms = clock.time_ns() // _NS_PER_MS
        waits = {
            one: max(0, _parse(registry.read(one)[0], one)[1].high_water_ms - now_ms)
            for one in self.worker_ids
            if one not in held
        }
        if waits and min(waits.values()) > self.most_wait_ms:
            worker_id = min(waits, key=lambda one: waits[one])
            raise ClockBehindHighWater(worker_id, waits[worker_id], self.most_wait_ms)
        return sorted(waits, key=lambda one: waits[one])

    def _hold(self, worker_id: int, registry: Registry, clock: Clock) -> "HeldRegisteredLease":
        owner = uuid.uuid4().hex
        while True:
            data, version = registry.read(worker_id)
            _, record = _parse(data, worker_id)
            # Who held the id before may still be writing: its last successful write is the one that counts.
            if (version_now := registry.write(worker_id, _join(owner, record), version)) is not None:
                break
        wait_past(worker_id, record.high_water_ms, clock, self.most_wait_ms)
        return HeldRegisteredLease(self, worker_id, _Written(owner, record, version_now), registry, clock)


@dataclass(frozen=True, slots=True)
class _Written:
    """What stands in the registry: by whom it was written, and as which version."""

    owner: str
    record: Record
    version: int


class HeldRegisteredLease:
    """A worker id held by this process until `release`, or until the session ends. Serves the port `Lease`."""

    def __init__(
        self,
        terms: RegisteredLease,
        worker_id: int,
        written: _Written,
        registry: Registry,
        clock: Clock,
    ) -> None:
        self.worker_id = worker_id
        self.datacenter_id = terms.datacenter_id
        self.floor_ms = written.record.high_water_ms
        self.grants: Sequence[Grant] = written.record.grants
        self._deadline_ms = terms.deadline_ms
        self._owner = written.owner
        self._registry = registry
        self._record = written.record
        self._version = written.version
        self._clock = clock
        self._pid = os.getpid()
        self._lost: LeaseLost | None = None
        self._released = False
        self._writing = threading.Lock()
        self._holder: Holder | None = None
        self._heartbeat: Heartbeat | None = None
        registry.on_lost(self._on_lost)

    def peers(self) -> dict[int, Peer]:
        """Who else is registered, by worker id. Blocks; raises `LeaseUnavailable`."""
        parsed = {one: Peer.from_bytes(data) for one, data in self._registry.holders().items() if one != self.worker_id}
        return {worker_id: peer for worker_id, peer in parsed.items() if peer is not None}

    def attach(self, holder: Holder) -> None:
        self._holder = holder
        self.renew(self._clock.time_ns() // _NS_PER_MS)
        self._heartbeat = Heartbeat(self, holder, self._clock, self._deadline_ms)
        self._heartbeat.start()

    def extend(self, now_ms: int) -> int:
        """Never blocks: the heartbeat writes, and keeps trying when the coordinator is silent."""
        if self._lost is not None:
            raise self._lost
        if now_ms > self._record.high_water_ms:
            raise LeaseDoubtful(
                f"the coordinator has not answered for more than {self._deadline_ms} ms, so worker id {self.worker_id} "
                "may not be used; ids come back with it"
            )
        return self._record.high_water_ms

    def renew(self, now_ms: int) -> int:
        """Write the time ahead. Blocks; raises `LeaseUnavailable` and `LeaseLost`."""
        with self._writing:
            self._refuse_released()
            until_ms = max(self._record.high_water_ms, now_ms + self._deadline_ms)
            self._write(replace(self._record, high_water_ms=until_ms))
            return until_ms

    def record_grants(self, grants: Sequence[Grant]) -> None:
        with self._writing:
            self._refuse_released()
            self._write(replace(self._record, grants=tuple(grants)))

    def release(self, last_used_ms: int) -> None:
        if os.getpid() != self._pid or self._released:
            return
        self._released = True
        if self._heartbeat is not None:
            self._heartbeat.end()
        # Where this fails, the time written ahead stays in force: the next holder waits for it, no more is lost.
        with suppress(LeaseUnavailable, LeaseLost), self._writing:
            self._write(replace(self._record, high_water_ms=max(self.floor_ms, last_used_ms)))
        self._registry.close()

    def _refuse_released(self) -> None:
        if self._released:
            raise GeneratorClosed(f"worker id {self.worker_id} was given back")

    def _write(self, record: Record) -> None:
        if self._lost is not None:
            raise self._lost
        data = _join(self._owner, replace(record, number=self._record.number + 1))
        version = self._registry.write(self.worker_id, data, self._version)
        while version is None:
            # An earlier write of ours that seemed lost may have arrived after all; anybody else's ends it.
            present, at = self._registry.read(self.worker_id)
            if _parse(present, self.worker_id)[0] != self._owner:
                self._on_lost()
                raise self._lost or LeaseLost("the worker id is somebody else's")
            version = self._registry.write(self.worker_id, data, at)
        self._version = version
        self._record = replace(record, number=self._record.number + 1)

    def _on_lost(self) -> None:
        if self._lost is None and not self._released:
            self._lost = LeaseLost(
                f"worker id {self.worker_id} is no longer ours: the session with the coordinator ended, and another "
                "process may claim it; make a new generator"
            )
            if self._holder is not None:
                self._holder.stop(self._lost)


def _join(owner: str, record: Record) -> bytes:
    return owner.encode() + b" " + record.to_bytes()


def _parse(data: bytes, worker_id: int) -> tuple[str, Record]:
    if not data:
        return "", Record()
    owner, _, rest = data.partition(b" ")
    record = Record.from_bytes(rest)
    if record is None:
        raise LeaseCorrupt(f"the time kept beside worker id {worker_id} cannot be read; look at its node")
    return owner.decode(errors="replace"), record
