"""`make up-cluster`: every process of the product on this machine, until Ctrl-C.

    python -m tests.engines start cassandra rabbitmq zookeeper memcached -- python -m tests.cluster

Settings of your own (`SPIDERDUCK_FETCHERS__USER_AGENT` …) go to all of them. What they store goes with them.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from spiderduck.cli.up import command
from tests.chaos.cluster.supervisor import Supervised, all_ready
from tests.cluster.machine import PROCESSES, migrate, processes
from tests.cluster.settings import Engines, Installation
from tests.engines.ports import free_ports

LOOK_SECONDS = 1.0
OURS = ("SPIDERDUCK_TEST_", "SPIDERDUCK_CONFIG", "SPIDERDUCK_SERVER", "SPIDERDUCK_KEY", "SPIDERDUCK_CORPORA")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8080, help="of the API and the console (8080)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="spiderduck-cluster-") as folder:
        ports = dict(zip(PROCESSES, free_ports(len(PROCESSES)), strict=True)) | {"api-1": options.port}
        installation = Installation("spiderduck", Path(folder), Engines.of(os.environ), ports, more=_own_settings())
        return asyncio.run(_run(installation))


async def _run(installation: Installation) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    migrated = await asyncio.to_thread(migrate, installation)
    if migrated.returncode != 0:
        _say(f"spiderduck migrate: {migrated.stdout}{migrated.stderr}")
        return 1
    with processes(installation) as made:
        for one in made.values():
            one.start()
        ready = asyncio.create_task(all_ready(list(made.values())))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((ready, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
        elif ready.exception() is not None:
            _say(str(ready.exception()))
            stop.set()
        else:
            _tell(installation)
        ended = await _watch(made, stop)
        await asyncio.gather(*(one.stop() for one in made.values() if not one.has_ended()))
        for one in ended:
            _say(f"{one.name} ended by itself; the end of its log:\n{one.tail()}")
        failed = ready.done() and not ready.cancelled() and ready.exception() is not None
    return 1 if ended or failed else 0


async def _watch(made: Mapping[str, Supervised], stop: asyncio.Event) -> list[Supervised]:
    """Until told to stop, or until one of them ends by itself."""
    while not stop.is_set():
        if ended := [one for one in made.values() if one.has_ended()]:
            return ended
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
    return []


def _tell(installation: Installation) -> None:
    api = installation.url("api-1")
    engines = installation.engines
    rabbitmq = engines.rabbitmq.rpartition("@")[2].strip("/")
    lines = [
        "",
        f"The cluster works. API and console: {api} (open it in a browser)",
        *(f"  {name:<12}{installation.url(name)}" for name in PROCESSES if name != "api-1"),
        f"  engines     Cassandra {engines.cassandra}, RabbitMQ {rabbitmq}, ZooKeeper {engines.zookeeper}, "
        f"memcached {engines.memcached}",
        f"  logs        {installation.folder}/*/*.log",
        "",
        "Where to look:",
        f"  {command()} cluster --server {api}           all processes, with load and lag",
        f"  {command()} status --server {api}            what is missing, waits or is paused",
        f"  {command()} cql URL --keyspace {installation.keyspace}    what to ask in cqlsh for a URL",
        f"  RabbitMQ            exchanges and queues {installation.name}.*, as in docs/reference/broker.md",
        "",
        "Three things to try, in another terminal:",
        f"""  curl -s {api}/v1/events --json '{{"text": "look: https://www.python.org/"}}'""",
        f"  {command()} lookup --server {api} https://www.python.org/",
        f"  {command()} watch --server {api}",
        "",
        "Ctrl-C stops everything and throws its data away.",
    ]
    print("\n".join(lines), flush=True)


def _own_settings() -> dict[str, str]:
    return {
        name.removeprefix("SPIDERDUCK_").lower(): value
        for name, value in os.environ.items()
        if name.startswith("SPIDERDUCK_") and not name.startswith(OURS)
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
