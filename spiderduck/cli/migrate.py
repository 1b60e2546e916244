"""`spiderduck migrate`: make or renew the schema in Cassandra."""

import asyncio
import json

from groundwork.terminal import say, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import AsJson, ConfigFile, read_settings
from spiderduck.errors import BadSetting


def migrate(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Create the keyspace and tables in Cassandra, or bring them up to date.

    Can be repeated: what exists stays as it is. If several run at once, one works and the others wait.
    """
    from spiderduck.bootstrap.logs import set_up_logs
    from spiderduck.bootstrap.migrating import migrate as run

    settings = read_settings(config, host="127.0.0.1")  # nothing listens, so nobody needs a key
    if not settings.cassandra.hosts:
        raise BadSetting(
            'cassandra.hosts is empty, and the embedded store needs no migration; set it, e.g. ["10.0.0.1"]'
        )
    set_up_logs(settings.log_level)
    with working(f"renewing keyspace {settings.cassandra.keyspace}"):
        done = asyncio.run(run(settings))
    if as_json:
        say_json(json.dumps({"keyspace": settings.cassandra.keyspace, "applied": list(done)}))
        return
    for version in done:
        say(f"schema {version} applied to keyspace {settings.cassandra.keyspace}")
    if not done:
        say(f"keyspace {settings.cassandra.keyspace} is up to date")
