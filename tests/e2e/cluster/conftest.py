"""One cluster for all tests of this folder: started as an operator does it, with a link that can be cut before each
engine."""

import asyncio
import os
from collections.abc import Iterator
from secrets import token_hex

import pytest

from tests.chaos.cluster.supervisor import all_ready
from tests.cluster.machine import PROCESSES, migrate, processes
from tests.cluster.settings import Engines, Installation
from tests.e2e.cluster.running import KEY, RunningCluster
from tests.engines.fixtures import need
from tests.engines.ports import free_ports
from tests.engines.toxics import Toxiproxy
from tests.origin import Origin
from tests.receiver import Receiver

SETTINGS = {
    "archive__rotate_seconds": 2.0,
    "fetchers__rate_limit__per_second": 200,
    "fetchers__rate_limit__burst": 200,
    "zookeeper__session_seconds": 4.0,
    "broker__patience_seconds": 2.0,
    "cassandra__lookup_patience_seconds": 1.0,
    "cassandra__request_timeout": 1.0,
    "webhooks__keys": ["a key that encrypts the tests' secrets"],
    "webhooks__retry_after_s": [1.0] * 20,
}
"""Shorter and faster than the defaults, so that a test is soon over."""


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """Every process of the product works when a test begins."""
    engines = Engines(*(need(name) for name in Engines.__dataclass_fields__))
    toxiproxy = Toxiproxy(need("toxiproxy"))
    with (
        Origin() as origin,
        Receiver() as receiver,
        toxiproxy.link(engines.cassandra) as cassandra,
        toxiproxy.link(engines.rabbitmq.rpartition("@")[2].strip("/")) as rabbitmq,
        toxiproxy.link(engines.zookeeper) as zookeeper,
    ):
        linked = Engines(
            f"127.0.0.1:{cassandra.port}",
            f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}//",
            f"127.0.0.1:{zookeeper.port}",
            engines.memcached,
        )
        resolve = {"*.test": f"127.0.0.1:{origin.port}", "hooks.test": f"127.0.0.1:{receiver.port}"}
        installation = Installation(
            f"e2e-{token_hex(4)}",
            tmp_path_factory.mktemp("cluster"),
            linked,
            dict(zip(PROCESSES, free_ports(len(PROCESSES)), strict=True)),
            keys=({"key": KEY, "scopes": ["admin"]},),
            token="a secret of ours",
            more={**SETTINGS, "fetchers__network__resolve": resolve},
        )
        migrated = migrate(installation)
        assert migrated.returncode == 0, migrated.stdout + migrated.stderr
        assert "applied to keyspace" in migrated.stdout
        with processes(installation) as made:
            for one in made.values():
                one.start()
            asyncio.run(all_ready(list(made.values())))
            links = {"cassandra": cassandra, "rabbitmq": rabbitmq, "zookeeper": zookeeper}
            yield RunningCluster(installation, made, links, origin, receiver, os.environ["SPIDERDUCK_TEST_RABBITMQ"])
