"""What is kept beside a worker id: the time up to which it may have been used, and the range leases still running.
Pure.

Written by `file.py` and `zookeeper.py` before the time is used. A record that is torn or altered is recognised
(checksum), never half believed.
"""

import json
import zlib
from dataclasses import dataclass

from snowflake.grants import Grant


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
