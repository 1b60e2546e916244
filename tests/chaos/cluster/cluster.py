"""The cluster under test: three schedulers, two fetchers, the API and the id service, each a real process, on the
engines that run beside the tests, every process with a link of its own to each engine that it uses.

Made by the tests beside it. Each cluster has a keyspace, a broker prefix, a chroot and folders of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from spiderduck.settings.broker import BrokerConfig
from tests.chaos.cluster.site import Site
from tests.chaos.cluster.supervisor import Supervised
from tests.engines import fleet
from tests.engines.ports import free_ports
from tests.engines.toxics import Link, Toxiproxy

USES = {
    "schedulers": ("cassandra", "rabbitmq", "zookeeper"),
    "fetchers": ("zookeeper", "memcached"),
    "api": ("cassandra", "rabbitmq", "zookeeper"),
    "ids": ("zookeeper",),
}
PARTS = {"ids-1": "ids", "fetcher-1": "fetchers", "fetcher-2": "fetchers", "api-1": "api"}
RATE, BURST = 4.0, 4
HEARTBEAT_SECONDS, SESSION_SECONDS, STORE_SECONDS = 4.0, 4.0, 2.0
"""Shorter than the defaults, so that a pause of a few seconds goes beyond each of them."""
ENGINES = ("cassandra", "rabbitmq", "zookeeper", "memcached", "toxiproxy")
MIGRATE_SECONDS = 600
"""Three nodes on a busy machine agree on each change of the schema slowly."""


@dataclass(frozen=True)
class Cluster:
    """`processes` and `links` by name; `broker` and `keyspace` for who looks at them directly."""

    processes: Mapping[str, Supervised]
    links: Mapping[str, Link]
    broker: BrokerConfig
    keyspace: str

    @property
    def api(self) -> Supervised:
        return self.processes["api-1"]

    def start(self) -> None:
        for process in self.processes.values():
            process.start()


@dataclass(frozen=True)
class Form:
    """How many processes, the rate of every domain, and what else each process is told, as `section__key`. `direct`:
    without links that could be spoilt."""

    schedulers: int = 3
    fetchers: int = 2
    per_second: float = RATE
    direct: bool = False
    more: Mapping[str, object] = field(default_factory=dict)


@contextmanager
def made_cluster(folder: Path, site: Site, form: Form = Form()) -> Iterator[Cluster]:
    """Not started yet; all of it is gone at the end of the block."""
    parts = {f"scheduler-{number + 1}": "schedulers" for number in range(form.schedulers)}
    parts |= {name: part for name, part in PARTS.items() if part != "fetchers"}
    parts |= {f"fetcher-{number + 1}": "fetchers" for number in range(form.fetchers)}
    ports = dict(zip(parts, free_ports(len(parts)), strict=True))
    own = token_hex(4)
    broker = BrokerConfig(
        url=engine("rabbitmq"),
        prefix=f"chaos-{own}",
        queue_type=str(form.more.get("broker__queue_type", "classic")),
        heartbeat_seconds=HEARTBEAT_SECONDS,
    )
    with ExitStack() as stack:
        tell = stack.enter_context(fleet.warden())
        links = {}
        if not form.direct:
            links = {
                f"{name}>{used}": stack.enter_context(Toxiproxy(engine("toxiproxy")).link(upstream(used)))
                for name, part in parts.items()
                for used in USES[part]
            }
        processes = {}
        for name, part in parts.items():
            reached = {used: port_of(used) if form.direct else links[f"{name}>{used}"].port for used in USES[part]}
            environment = settings(own, folder, site, reached, ports) | rate_limit(form.per_second)
            environment |= {f"SPIDERDUCK_{name.upper()}": str(value) for name, value in form.more.items()}
            processes[name] = Supervised(name, part, ports[name], folder / name, environment, tell)
        cluster = Cluster(processes, links, broker, f"chaos_{own}")
        try:
            migrate(processes["api-1"])
            yield cluster
        finally:
            for process in processes.values():
                process.resume()
                process.kill()


def engine(name: str) -> str:
    return os.environ[f"SPIDERDUCK_TEST_{name.upper()}"]


def upstream(name: str) -> str:
    """`host:port` of the engine itself."""
    return engine(name).rpartition("@")[2].strip("/")


def port_of(name: str) -> int:
    return int(upstream(name).rpartition(":")[2])


def settings(
    own: str, folder: Path, site: Site, reached: Mapping[str, int], ports: Mapping[str, int]
) -> dict[str, str]:
    """The environment of one process. `reached`: the port of its link to each engine."""
    given = {
        "log_level": "info",
        "broker__prefix": f"chaos-{own}",
        "broker__heartbeat_seconds": HEARTBEAT_SECONDS,
        "cassandra__keyspace": f"chaos_{own}",
        "cassandra__request_timeout": STORE_SECONDS,
        "archive__url": f"file://{folder}/archive",
        "fetchers__network__resolve": json.dumps({"*.test": f"127.0.0.1:{site.port}"}),
        "fetchers__addresses": json.dumps(
            [f"http://127.0.0.1:{port}" for name, port in ports.items() if "fetch" in name]
        ),
        "ids__url": f"http://127.0.0.1:{ports['ids-1']}",
        "ids__lease": "zookeeper",
    }
    if (port := reached.get("rabbitmq")) is not None:
        given["broker__url"] = f"amqp://guest:guest@127.0.0.1:{port}//"
    if (port := reached.get("cassandra")) is not None:
        given |= {"cassandra__hosts": json.dumps(["127.0.0.1"]), "cassandra__port": port}
    if (port := reached.get("zookeeper")) is not None:
        given |= {
            "zookeeper__hosts": json.dumps([f"127.0.0.1:{port}"]),
            "zookeeper__chroot": f"/chaos-{own}",
            "zookeeper__session_seconds": SESSION_SECONDS,
        }
    if (port := reached.get("memcached")) is not None:
        given["memcached__hosts"] = json.dumps([f"127.0.0.1:{port}"])
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPIDERDUCK_")}
    return inherited | {f"SPIDERDUCK_{name.upper()}": str(value) for name, value in given.items()}


def rate_limit(per_second: float) -> dict[str, str]:
    """Of every domain."""
    given = {"PER_SECOND": per_second, "BURST": BURST if per_second == RATE else per_second}
    return {f"SPIDERDUCK_FETCHERS__RATE_LIMIT__{name}": f"{value:g}" for name, value in given.items()}


def migrate(process: Supervised) -> None:
    """Make the schema, as an operator does."""
    done = subprocess.run(
        [sys.executable, "-m", "spiderduck", "migrate"],
        env=process.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=MIGRATE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
