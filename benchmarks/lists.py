"""Lists of bad links: a million domains, their memory, the time to read them, and what a verdict costs.

    python -m benchmarks.lists [ENTRIES]

Prints figures beside their targets: 1,000 URLs of two hops judged within 100 ms, the 99th of 100 within 5 ms.
"""

import resource
import sys
from pathlib import Path
from time import perf_counter, process_time

from spiderduck.lists.loaded import LoadedList
from spiderduck.lists.verdict import Facts, judge
from spiderduck.settings.lists import ListConfig

ENTRIES = 1_000_000
URLS = 1_000
ROUNDS = 5


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    data = "".join(f"host{number}.example{number % 997}.test\n" for number in range(count)).encode()
    before, began, used = _resident(), perf_counter(), process_time()
    lists = (LoadedList(ListConfig("bad", "-"), data, 0.0, 0.0),)
    print(f"{count:,} domains read in {perf_counter() - began:.1f} s ({process_time() - used:.1f} s of CPU)")
    print(f"memory: {len(data) / 2**20:.0f} MB of file, {_resident() - before:.0f} MB beside it")
    rounds = [_judged(lists, number) for number in range(ROUNDS)]
    whole = min(sum(one) for one in rounds)
    each = sorted(seconds for one in rounds for seconds in one)
    print(f"{URLS:,} URLs of two hops judged in {whole * 1e3:.1f} ms (target 100 ms)")
    print(f"one: {each[len(each) // 2] * 1e3:.3f} ms, p99 {each[len(each) * 99 // 100] * 1e3:.3f} ms (target 5 ms)")


def _judged(lists: tuple[LoadedList, ...], number: int) -> list[float]:
    """Seconds of each; hosts that nobody asked for before."""
    took = []
    for place in range(URLS):
        hop = f"http://s{number}-{place}.short.test/{place}?utm_source=x"
        facts = Facts(hops=(hop, f"https://www.news{number}-{place}.example.org/2026/11/{place}.html"))
        began = perf_counter()
        judge(facts, lists, 1_000_000.0)
        took.append(perf_counter() - began)
    return took


def _resident() -> float:
    """Megabytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
