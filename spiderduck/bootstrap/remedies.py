"""What an operator does about each thing that a process may miss."""

from groundwork.readiness import Trouble

ARCHIVE_REMEDY = "look at the place that archive.url names and at its credentials; pages wait until it takes files"
BROKER_REMEDY = "start RabbitMQ, or correct broker.url; this process connects by itself"
CASSANDRA_REMEDY = "start Cassandra, or correct cassandra.hosts; this process connects by itself"
ZOOKEEPER_REMEDY = "start ZooKeeper, or correct zookeeper.hosts; this process connects by itself"
MIGRATE_REMEDY = "start Cassandra, or correct cassandra.hosts; on an empty or older keyspace run `spiderduck migrate`"
IDS_REMEDY = "start an id service, or correct ids.urls"
LEASE_REMEDY = "start this process anew; it gets another worker id"
CLOCK_REMEDY = "set this machine's clock right and let an NTP client keep it; ids go on by themselves"
START_REMEDY = "wait; the log says what it is doing"


def away(says: str | None, remedy: str) -> Trouble | None:
    """The trouble of an engine that says why it does not answer."""
    return None if says is None else Trouble(says, "away", remedy)
