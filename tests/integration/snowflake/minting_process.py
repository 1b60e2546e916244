"""A process that mints until it is killed: `python minting_process.py FOLDER CLOCK_OFFSET_MS [WORKER_ID]`.

Prints a line of ids as soon as it has them; what it was killed in the middle of printing was never returned to anybody.
"""

import sys

from snowflake.clock import SystemClock
from snowflake.errors import SnowflakeError
from snowflake.generator import Generator
from snowflake.leases.file import FileLease


class OffsetClock(SystemClock):
    """The machine's clock as somebody set it."""

    def __init__(self, offset_ms: int) -> None:
        self._offset_ns = offset_ms * 1_000_000

    def time_ns(self) -> int:  # type: ignore[override]
        return SystemClock.time_ns() + self._offset_ns


def main(folder: str, offset_ms: int, worker_id: int) -> None:
    clock = OffsetClock(offset_ms)
    try:
        lease = FileLease(folder, (worker_id,), most_wait_ms=1000).acquire(clock)
    except SnowflakeError as error:
        print(f"refused {error.code}", flush=True)
        return
    generator = Generator(lease=lease, clock=clock)
    while True:
        ids = [generator.next_id() for _ in range(20)] + [id for some in generator.reserve(20) for id in some]
        print(" ".join(map(str, ids)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
