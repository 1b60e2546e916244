"""Opens the session that the settings name. The driver is imported here, so the other need not be installed."""

from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.sessions.ports import Session, WhenAway, give_up


async def open_session(config: CassandraConfig, when_away: WhenAway = give_up) -> Session:
    """Raises `StoreUnavailable` where no node answers, unless `when_away` waits; `StatementRefused` where the
    credentials are wrong."""
    if config.driver == "acsylla":
        from spiderduck.stores.sessions.acsylla import open_acsylla

        return await open_acsylla(config, when_away)
    from spiderduck.stores.sessions.cassandra_driver import open_cassandra_driver

    return await open_cassandra_driver(config, when_away)
