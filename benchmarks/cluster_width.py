"""Pages a second of the whole cluster with one, two and three schedulers and fetchers, each a process, and whose CPU it
takes.

    python -m tests.engines start -- python -m benchmarks.cluster_width [PAGES] [WIDTH …]

Everything is on this machine, the engines and the site that is read as well. `SPIDERDUCK_TEST_CASSANDRA_SYNC=periodic`
gives Cassandra its usual durability.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

import uvloop

from tests.chaos.cluster.cluster import Cluster, Form, made_cluster, port_of
from tests.chaos.cluster.evidence import Listener, listening
from tests.chaos.cluster.offering import Offering
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import all_ready

ENGINES = ("cassandra", "rabbitmq", "zookeeper", "memcached")
HOSTS = 500
OFFERED_PER_SECOND = 5_000.0
WARM = 1_500


async def measure(width: int, pages: int) -> None:
    """One line of the table, and where the CPU went."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Site(HOSTS) as site,
        made_cluster(Path(folder), site, Form(width, width, per_second=1e4, direct=True)) as cluster,
    ):
        cluster.start()
        await all_ready(list(cluster.processes.values()))
        offering = Offering(cluster.api.url, site.url, Random(1))
        async with listening(cluster.broker) as listener:
            await done(offering, listener, WARM)
            before, loop = cpu(cluster), asyncio.get_running_loop()
            began, known = loop.time(), len(listener.heard)
            await done(offering, listener, pages)
            took, count = loop.time() - began, len(listener.heard) - known
            spent = {name: (seconds - before[name]) / count * 1e3 for name, seconds in cpu(cluster).items()}
    ours = sum(milliseconds for name, milliseconds in spent.items() if name not in ENGINES)
    parts = "  ".join(f"{name} {milliseconds:.2f}" for name, milliseconds in sorted(spent.items()))
    print(
        f"{width} and {width}: {count / took:6.0f} pages/s, {ours:.2f} ms CPU of ours a page\n    {parts}", flush=True
    )


async def done(offering: Offering, listener: Listener, events: int) -> None:
    """Offer so many at once, and wait for the last notice."""
    await offering.offer(OFFERED_PER_SECOND, events / OFFERED_PER_SECOND)
    await listener.until(len(offering.accepted))


def cpu(cluster: Cluster) -> Mapping[str, float]:
    """Seconds so far: ours by part, and the engines'."""
    spent: dict[str, float] = {}
    for process in cluster.processes.values():
        spent[process.part] = spent.get(process.part, 0.0) + process.cpu_seconds()
    return spent | {name: cpu_of_server(port_of(name)) for name in ENGINES}


def cpu_of_server(port: int) -> float:
    """Of the process that listens there."""
    fields = Path(f"/proc/{server_of(port)}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server_of(port: int) -> int:
    """The process that listens there."""
    sockets = {
        f"socket:[{fields[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port
    }
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(one) in sockets for one in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:
            continue  # it ended meanwhile, or is another user's
    raise LookupError(f"nothing of ours listens on port {port}")


async def run(pages: int, widths: list[int]) -> None:
    for width in widths:
        await measure(width, pages)


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    uvloop.run(run(numbers[0] if numbers else 4000, numbers[1:] or [1, 2, 3]))
