"""Settings of the engines: what cannot work is refused with the setting's name and what it takes."""

from dataclasses import replace
from typing import Any

import pytest

from spiderduck.settings.archive import ArchiveConfig
from spiderduck.settings.broker import BrokerConfig
from spiderduck.settings.cassandra import CassandraConfig

WRONG: list[tuple[Any, dict[str, Any]]] = [
    (CassandraConfig(), {"driver": "other"}),
    (CassandraConfig(), {"keyspace": "a; DROP"}),
    (CassandraConfig(), {"read_consistency": "SOME"}),
    (CassandraConfig(), {"write_consistency": "ANY"}),
    (CassandraConfig(), {"request_timeout": 0.0}),
    (CassandraConfig(), {"patience_seconds": -1.0}),
    (CassandraConfig(), {"replication_factor": 0}),
    (CassandraConfig(), {"datacenters": {"east": 0}}),
    (BrokerConfig(), {"queue_type": "stream"}),
    (BrokerConfig(), {"prefix": "a b"}),
    (BrokerConfig(), {"prefetch": 0}),
    (BrokerConfig(), {"heartbeat_seconds": 0.0}),
    (ArchiveConfig(), {"rotate_bytes": 0}),
    (ArchiveConfig(), {"rotate_seconds": 0.0}),
]


@pytest.mark.parametrize(
    ("good", "change"), WRONG, ids=lambda value: ",".join(value) if isinstance(value, dict) else ""
)
def test_a_wrong_value_is_named(good: Any, change: dict[str, Any]) -> None:
    good.validate()
    (name,) = change
    with pytest.raises(ValueError, match=f"{name}.* takes? "):
        replace(good, **change).validate()


def test_secrets_are_not_shown() -> None:
    shown = repr(CassandraConfig(password="hush")) + repr(BrokerConfig(url="amqp://u:hush@h//"))
    assert "hush" not in shown + repr(ArchiveConfig(options={"secret": "hush"}))


def test_the_keyspace_is_for_one_node_or_for_data_centres() -> None:
    assert CassandraConfig().replication == "{'class': 'SimpleStrategy', 'replication_factor': 1}"
    assert (
        CassandraConfig(datacenters={"west": 2, "east": 3}).replication
        == "{'class': 'NetworkTopologyStrategy', 'east': 3, 'west': 2}"
    )
