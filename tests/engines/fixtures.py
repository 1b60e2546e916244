"""pytest's side of the engines: the marker `engine(name)` and where each engine is. A plugin of `tests/conftest.py`.

A test marked `engine("cassandra")`, or one that asks for an address below, is skipped by the engine's name where no
engine runs. With CI set it fails instead: there no engine may be missing. With `--start-engines` the marked engines are
started (`on_demand.py`).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.engines.catalogue import NAMES, select
from tests.engines.fleet import running_engines
from tests.engines.on_demand import EnginesOnDemand, variable
from tests.engines.running import RunningEngine
from tests.engines.toxics import Toxiproxy


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--start-engines", action="store_true", help="start the engines that the selected tests are marked with"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.start_engines:
        config.pluginmanager.register(EnginesOnDemand(config), "engines-on-demand")


def need(name: str) -> str:
    """What the engine's variable says. Ends the test as skipped, in CI as failed, where it is not set."""
    if name not in NAMES:
        pytest.fail(f"no engine is called {name!r}; there are {', '.join(NAMES)}", pytrace=False)
    value = os.environ.get(variable(name))
    if value:
        return value
    message = (
        f"{name} does not run here: {variable(name)} is not set (python -m tests.engines start {name} -- pytest …)"
    )
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


# Which engine a fixture leads to; who asks for one is marked, so that `-m "not engine"` leaves it out as well.
_FIXTURES = {
    "cassandra_address": "cassandra",
    "memcached_address": "memcached",
    "zookeeper_hosts": "zookeeper",
    "rabbitmq_url": "rabbitmq",
    "toxiproxy": "toxiproxy",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _FIXTURES:
                item.add_marker(pytest.mark.engine(_FIXTURES[fixture]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("engine"):
        for name in marker.args:
            need(name)


def _host_and_port(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    return host, int(port)


@pytest.fixture
def cassandra_address() -> tuple[str, int]:
    return _host_and_port(need("cassandra"))


@pytest.fixture
def memcached_address() -> tuple[str, int]:
    return _host_and_port(need("memcached"))


@pytest.fixture
def zookeeper_hosts() -> str:
    """As kazoo takes it: `host:port`."""
    return need("zookeeper")


@pytest.fixture
def rabbitmq_url() -> str:
    """As kombu takes it: `amqp://user:password@host:port//`."""
    return need("rabbitmq")


@pytest.fixture
def toxiproxy() -> Toxiproxy:
    return Toxiproxy(need("toxiproxy"))


@pytest.fixture
def own_engine() -> Iterator[Callable[[str], RunningEngine]]:
    """Starts an engine for this test alone, which may then pause, kill and launch it again without harm to others."""
    with ExitStack() as stack:

        def start(name: str) -> RunningEngine:
            need(name)  # where the shared one could not be installed, neither can this one
            (running,) = stack.enter_context(running_engines(select([name])))
            return running

        yield start
