"""What is kept beside a worker id: the time up to which it may have been used, and the range leases still running.
A holder that finds such a time waits until the clock has passed it.

Written by `file.py` and `zookeeper.py` before the time is used. A record that is torn or altered is recognised
(checksum), never half believed.
"""

import json
import zlib
from dataclasses import dataclass

from snowflake.errors import ClockBehindHighWater
from snowflake.grants import Grant
from snowflake.ports import Clock


@dataclass(frozen=True, slots=True)
class Record:
    """`high_water_ms`: no id outside the grants carries a later time. `number`: the higher, the newer."""

    high_water_ms: int = 0
    grants: tuple[Grant, ...] = ()
    number: int = 0

    def to_bytes(self) -> bytes:
        """One line of text: checksum, blank, JSON."""
        grants = [[one.first, one.count, one.from_ms, one.until_ms] for one in self.grants]
        content = {"high_water_ms": self.high_water_ms, "grants": grants, "number": self.number}
        body = json.dumps(content, separators=(",", ":")).encode()
        return b"%08x %s\n" % (zlib.crc32(body), body)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record | None":
        """None for what no `to_bytes` wrote in full."""
        line, newline, _ = data.partition(b"\n")
        checksum, _, body = line.partition(b" ")
        if not newline or b"%08x" % zlib.crc32(body) != checksum:
            return None
        content = json.loads(body)
        return cls(content["high_water_ms"], tuple(Grant(*grant) for grant in content["grants"]), content["number"])


_NS_PER_MS = 1_000_000


def wait_past(worker_id: int, high_water_ms: int, clock: Clock, most_ms: int) -> None:
    """Sleeps until the clock shows more than `high_water_ms`. Raises `ClockBehindHighWater`."""
    while (missing := high_water_ms + 1 - clock.time_ns() / _NS_PER_MS) > 0:
        if missing > most_ms:
            raise ClockBehindHighWater(worker_id, int(missing), most_ms)
        clock.sleep(missing / 1000)
