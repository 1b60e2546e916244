"""Ids: each figure beside its yardstick in the same run.

    python -m benchmarks.ids

One by one against a bare hand-inlined loop with a lock; ranges against the format's limit; over HTTP against the target
of a million ids a second, and one id per request against a constant from the same framework in the same process
(`ids_server.py`).
"""

import itertools
import tempfile
import threading
import time
from collections.abc import Callable

from benchmarks.ids_server import measure_http
from snowflake import FileLease, Generator
from snowflake.clock import SystemClock
from snowflake.layout import TWITTER_EPOCH_MS, Layout
from snowflake.service.window_mint import Window, WindowMint

LIMIT = 4_096_000  # ids a second of one worker: 4096 a millisecond
ROUNDS = 5
ONE_BY_ONE = 500_000
RANGE_SECONDS = 10.0


def bare_loop(count: int) -> float:
    """What one would write by hand: no method, no object, one lock, one reading of the clock for each id."""
    lock, clock = threading.Lock(), time.time_ns
    upper, last, sequence = 1 << 12, -1, 0
    started = time.perf_counter()
    for _ in itertools.repeat(None, count):
        with lock:
            now = clock() // 1_000_000
            if now == last:
                sequence = (sequence + 1) & 4095
                if not sequence:
                    while now == last:
                        now = clock() // 1_000_000
                    last = now
            else:
                sequence, last = 0, now
            (now - TWITTER_EPOCH_MS) << 22 | upper | sequence
    return count / (time.perf_counter() - started)


def calls(next_id: Callable[[], int], count: int) -> float:
    started = time.perf_counter()
    for _ in itertools.repeat(None, count):
        next_id()
    return count / (time.perf_counter() - started)


def window_mint() -> WindowMint:
    """A client's mint with three quarters of a worker's numbers."""
    clock = SystemClock()
    now_ms = clock.time_ns() // 1_000_000
    mint = WindowMint(clock)
    mint.add(Window(Layout(), 0, 1, 1024, 3072, now_ms, now_ms + 120_000, now_ms, clock.elapsed_ns()))
    return mint


def ranges(generator: Generator, seconds: float) -> tuple[float, float]:
    """Ids a second and the share of a core, for so long on end."""
    count, cpu, started = 0, time.process_time(), time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        count += sum(len(ids) for ids in generator.reserve(40_960))
    return count / passed, (time.process_time() - cpu) / passed


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Generator(lease=FileLease(folder).acquire()) as generator:
        mint = window_mint()
        # In turn, so that a noisy neighbour meets all alike; the best round of each counts.
        rounds = [
            (bare_loop(ONE_BY_ONE), calls(generator.next_id, ONE_BY_ONE), calls(mint.next_id, ONE_BY_ONE))
            for _ in range(ROUNDS)
        ]
        bare, ours, client = (max(figures) for figures in zip(*rounds, strict=True))
        print(f"bare loop with a lock   {bare / 1e6:6.2f} M ids/s")
        print(f"one by one              {ours / 1e6:6.2f} M ids/s   {ours / bare:6.1%} of the bare loop (target 90 %)")
        print(f"from a range lease      {client / 1e6:6.2f} M ids/s   {client / bare:6.1%} of the bare loop")
        rate, cpu = ranges(generator, RANGE_SECONDS)
        print(
            f"by ranges, {RANGE_SECONDS:.0f} s         {rate / 1e6:6.2f} M ids/s   {rate / LIMIT:6.1%} of the limit",
            end=" ",
        )
        print(f"(target 97 %), {cpu:.1%} of a core")
    http = measure_http()
    print(f"HTTP, batches of {http.batch}  {http.batch_rate / 1e6:6.2f} M ids/s   (target 1 M)")
    print(f"HTTP, one id            {http.one_rate:6.0f} /s        {http.one_rate / http.constant_rate:6.1%}", end=" ")
    print(f"of a constant's {http.constant_rate:.0f} /s (target 85 %)")


if __name__ == "__main__":
    main()
