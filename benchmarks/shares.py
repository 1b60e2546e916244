"""A log of a million shares in SQLite: its size, how long what is asked of it takes, and what deleting half of it does.

    python -m benchmarks.shares [SHARES]

Pages by a Pareto distribution, so that one has a few hundred thousand shares; two links of five are short ones; over two
weeks, by 200,000 people. The last figure is how long another writer waits meanwhile.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter, process_time

from groundwork.clock import SystemClock
from spiderduck.database.sqlite import Database
from spiderduck.shares.model import Item, Share
from spiderduck.shares.ports import Asked
from spiderduck.shares.sqlite import SqliteShares
from spiderduck.shares.trending import Trending
from spiderduck.shares.trends import WINDOWS

SHARES = 1_000_000
PAGES, SITES, PEOPLE, AT_ONCE = 100_000, 997, 200_000, 500
SECONDS = 14 * 86_400.0
HOT, USUAL = "https://news1.example/articles/1", "https://news500.example/articles/500"


def share(number: int, now: float, chance: random.Random) -> Share:
    """One of them, from some time within two weeks."""
    page = min(int(chance.paretovariate(0.9)), PAGES)
    domain = f"news{page % SITES}.example"
    url = f"https://{domain}/articles/{page}"
    key = url if chance.random() < 0.6 else f"https://short.example/{page}-{chance.randrange(3)}"
    who = chance.randrange(PEOPLE).to_bytes(16, "big")
    return Share(
        number.to_bytes(16, "big"), now - chance.random() * SECONDS, key, url, True, url, domain, "en", who, ""
    )


async def timed(name: str, ask: Callable[[], Awaitable[object]], rounds: int = 9) -> None:
    """Print the median and the worst."""
    took = []
    for _ in range(rounds):
        began = perf_counter()
        await ask()
        took.append((perf_counter() - began) * 1e3)
    print(f"{name}: {sorted(took)[rounds // 2]:.1f} ms, worst {max(took):.1f} ms")


async def measure(folder: Path, count: int) -> None:
    """Print the figures."""
    database, now, chance = Database(folder / "shares.db"), time.time(), random.Random(7)
    shares = SqliteShares(database)
    began, used = perf_counter(), process_time()
    for start in range(0, count, AT_ONCE):
        await shares.add([share(number, now, chance) for number in range(start, min(start + AT_ONCE, count))])
    size = sum(file.stat().st_size for file in folder.iterdir())
    took, cpu = perf_counter() - began, process_time() - used
    print(f"{count:,} shares logged in {took:.0f} s ({cpu:.0f} s of CPU); {size / count:.0f} bytes each")
    print(f"the page that is shared most: {(await shares.counts([Asked(HOT, HOT)], now))[0]}")
    await timed("counts of it", lambda: shares.counts([Asked(HOT, HOT)], now))
    await timed("counts of a usual page", lambda: shares.counts([Asked(USUAL, USUAL)], now))
    some = [f"https://news{page % SITES}.example/articles/{page}" for page in range(1_000, 2_000)]
    await timed("counts of 1,000 pages", lambda: shares.counts([Asked(one, one) for one in some], now))
    for window in WINDOWS.values():
        await timed(f"its score by {window.name}", lambda w=window: shares.tally(Item("links", HOT), w, now), 5)  # type: ignore[misc]
    await timed("what trends", lambda: shares.peaks("links", "day", 0.0, 2_000))
    began = perf_counter()
    trending = await Trending(shares, SystemClock(), 5).rebuild()
    print(f"trends made anew, {trending:,} items: {perf_counter() - began:.0f} s")
    await forget(database, shares, now)
    await database.close()


async def forget(database: Database, shares: SqliteShares, now: float) -> None:
    """Half of the log, while another writer writes."""
    waits: list[float] = []

    async def others() -> None:
        while True:
            began = perf_counter()
            await database.write(lambda connection: connection.execute("SELECT 1").fetchone())
            waits.append((perf_counter() - began) * 1e3)
            await asyncio.sleep(0.01)

    beside, began = asyncio.create_task(others()), perf_counter()
    gone = await shares.forget_before(now - SECONDS / 2)
    beside.cancel()
    waits.sort()
    print(
        f"{gone:,} shares deleted in {perf_counter() - began:.0f} s; another writer waited "
        f"{waits[len(waits) // 2]:.0f} ms, p99 {waits[len(waits) * 99 // 100]:.0f} ms, worst {waits[-1]:.0f} ms"
    )


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SHARES
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), count))


if __name__ == "__main__":
    main()
