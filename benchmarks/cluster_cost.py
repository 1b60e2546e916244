"""What a page costs our processes when they are not full: CPU by part and voluntary context switches, at steady rates.

    python -m tests.engines start cassandra rabbitmq zookeeper memcached -- python -m benchmarks.cluster_cost [SECONDS] [RATE …]

Two schedulers, two fetchers, the API and the id service, each a process; events come one by one at random moments. The
rate 0 says what they take when nothing is asked of them, in ms of CPU a second.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

import uvloop

from benchmarks.cluster_width import ENGINES, HOSTS, cpu, done
from tests.chaos.cluster.cluster import Cluster, Form, made_cluster
from tests.chaos.cluster.evidence import Listener, listening
from tests.chaos.cluster.offering import Offering
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import all_ready

WIDTH = 2
WARM = 1_500
MORE = json.loads(os.environ.get("SPIDERDUCK_BENCH_SETTINGS", "{}"))
"""Further settings of every process, as `{"section__key": value}`."""


async def measure(seconds: float, rates: list[float]) -> None:
    """A line for each rate."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Site(HOSTS) as site,
        made_cluster(Path(folder), site, Form(WIDTH, WIDTH, per_second=1e4, direct=True, more=MORE)) as cluster,
    ):
        cluster.start()
        await all_ready(list(cluster.processes.values()))
        offering = Offering(cluster.api.url, site.url, Random(1))
        async with listening(cluster.broker) as listener:
            await done(offering, listener, WARM)
            for rate in rates:
                await at_rate(cluster, offering, listener, rate, seconds)


async def at_rate(cluster: Cluster, offering: Offering, listener: Listener, rate: float, seconds: float) -> None:
    """Offer for so long and wait for the last notice."""
    before, waits, loop = cpu(cluster), switches(cluster), asyncio.get_running_loop()
    began, known = loop.time(), len(listener.heard)
    if rate:
        await offering.offer(rate, seconds, together=1)
        await listener.until(len(offering.accepted))
    else:
        await asyncio.sleep(seconds)
    took, count = loop.time() - began, len(listener.heard) - known
    if len(listener.heard) < len(offering.accepted):
        print(f"{len(offering.accepted) - len(listener.heard)} not told of", flush=True)
    units = count or took
    spent = {name: (used - before[name]) / units * 1e3 for name, used in cpu(cluster).items()}
    woken = {name: (times - waits[name]) / units for name, times in switches(cluster).items()}
    ours = sum(milliseconds for name, milliseconds in spent.items() if name not in ENGINES)
    unit = "page" if count else "second"
    print(f"{rate:g}/s offered, {count / took:.0f} pages/s: {ours:.2f} ms CPU of ours a {unit}")
    print("    ms       " + "  ".join(f"{name} {one:.2f}" for name, one in sorted(spent.items())))
    print("    switches " + "  ".join(f"{name} {one:.1f}" for name, one in sorted(woken.items())), flush=True)


def switches(cluster: Cluster) -> Mapping[str, int]:
    """How often a thread of ours went to sleep so far, by part."""
    found: dict[str, int] = {}
    for process in cluster.processes.values():
        assert process.process is not None
        for thread in Path(f"/proc/{process.process.pid}/task").iterdir():
            line = (thread / "status").read_text().partition("\nvoluntary_ctxt_switches:")[2]
            found[process.part] = found.get(process.part, 0) + int(line.split()[0])
    return found


async def run(seconds: float, rates: list[float]) -> None:
    await measure(seconds, rates)


if __name__ == "__main__":
    numbers = [float(one) for one in sys.argv[1:]]
    uvloop.run(run(numbers[0] if numbers else 15.0, numbers[1:] or [0.0, 50.0, 150.0, 300.0]))
