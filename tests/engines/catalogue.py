"""The engines, one per line. The longest to start comes first, so that it starts while the others do."""

from collections.abc import Iterable, Sequence

from tests.engines.cassandra import Cassandra
from tests.engines.chromium import Chromium
from tests.engines.helm import Helm
from tests.engines.memcached import Memcached
from tests.engines.model import Engine
from tests.engines.node import Node
from tests.engines.rabbitmq import RabbitMQ
from tests.engines.toxiproxy import Toxiproxy
from tests.engines.zookeeper import ZooKeeper

ENGINES: tuple[Engine, ...] = (
    Cassandra(),  # page and URL records, in a cluster
    RabbitMQ(),  # events in, notices out
    ZooKeeper(),  # who owns which domain queue; worker ids
    Memcached(),  # robots.txt and politeness state that outlive a fetcher
    Toxiproxy(),  # the bad network between all of these
    Node(),  # compiles and runs a client generated from the OpenAPI document
    Chromium(),  # shows the console's pages
    Helm(),  # renders the chart for its tests
)

NAMES: tuple[str, ...] = tuple(engine.name for engine in ENGINES)


def select(names: Iterable[str]) -> Sequence[Engine]:
    """The engines of these names, all where none is named. Raises KeyError for a name that is not listed."""
    wanted = set(names)
    unknown = sorted(wanted - set(NAMES))
    if unknown:
        raise KeyError(unknown[0])
    return [engine for engine in ENGINES if not wanted or engine.name in wanted]
