"""ZooKeeper keeps an ephemeral node while its session lives, and no longer."""

from collections.abc import Callable, Iterator
from threading import Event
from uuid import uuid4

import pytest
from kazoo.client import KazooClient

pytestmark = pytest.mark.engine("zookeeper")


@pytest.fixture
def connect(zookeeper_hosts: str) -> Iterator[Callable[[], KazooClient]]:
    clients: list[KazooClient] = []

    def connect() -> KazooClient:
        client = KazooClient(hosts=zookeeper_hosts, timeout=5)
        client.start(timeout=15)
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.stop()
        client.close()


def test_an_ephemeral_node_goes_with_its_session(connect: Callable[[], KazooClient]) -> None:
    """Another client sees the node appear, and is told when the session that made it ends."""
    path = f"/smoke-{uuid4().hex}"
    owner, watcher = connect(), connect()
    owner.create(path, b"fetcher-1", ephemeral=True)
    gone = Event()
    assert watcher.get(path, watch=lambda event: gone.set())[0] == b"fetcher-1"
    owner.stop()
    assert gone.wait(10)
    assert watcher.exists(path) is None
