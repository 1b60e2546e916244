"""Opens the session that the settings name. The driver is imported here, so the other need not be installed."""

from spiderduck.stores.cassandra_config import CassandraConfig
from spiderduck.stores.sessions.ports import Session


async def open_session(config: CassandraConfig) -> Session:
    """Raises `StoreUnavailable` where no node answers."""
    if config.driver == "acsylla":
        from spiderduck.stores.sessions.acsylla import open_acsylla

        return await open_acsylla(config)
    from spiderduck.stores.sessions.cassandra_driver import open_cassandra_driver

    return await open_cassandra_driver(config)
