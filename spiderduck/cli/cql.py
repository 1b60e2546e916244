"""`spiderduck cql`: the statements that show in `cqlsh` what the cluster's store has of a URL. Asks nobody."""

import time
from typing import Annotated

import typer

from groundwork.terminal import say, say_json
from spiderduck.cli.settings import AsJson

HOURS = 2
"""How far back lists that are cut by the hour are shown; others are a statement away."""


def cql(
    url: Annotated[str, typer.Argument(help="The URL, as it was shared.")],
    event: Annotated[str | None, typer.Option("--event", help="Id of an event that shared it, as it was sent.")] = None,
    keyspace: Annotated[str, typer.Option(help="As cassandra.keyspace.")] = "spiderduck",
    as_json: AsJson = False,
) -> None:
    """Print a URL's key, its hash, and the statements that show its rows in cqlsh."""
    import msgspec

    from schedulers.errors import InvalidUrl
    from schedulers.identity import KINDS, identity_of
    from schedulers.notice import notice_id
    from schedulers.urls import dedup_key
    from spiderduck.errors import BadSetting
    from spiderduck.stores.cassandra_keys import hour_of, key_hash, month_of
    from spiderduck.stores.edges import domain_of

    try:
        key = dedup_key(url)
    except InvalidUrl as error:
        raise BadSetting(str(error)) from error
    digest, domain, now = f"0x{key_hash(key).hex()}", domain_of(key), time.time()
    hours = ", ".join(str(hour_of(now) - ago) for ago in range(HOURS))
    found = {
        "urls": f"SELECT key, status, page_id, blobAsText(state), blobAsText(mark) FROM {keyspace}.urls "
        f"WHERE key_hash = {digest};",
        "versions": f"SELECT id FROM {keyspace}.versions WHERE key_hash = {digest} AND month = {month_of(now)};",
        "pages": "SELECT url, fetched_at, blobAsText(head), blobAsText(metadata) "
        f"FROM {keyspace}.pages WHERE id = PAGE_ID;",
        "redirects": f"SELECT to_key, status_code FROM {keyspace}.redirects WHERE from_hash = {digest};",
        "redirected_from": f"SELECT from_key FROM {keyspace}.redirected_from WHERE to_hash = {digest} "
        f"AND hour IN ({hours});",
        "recent": f"SELECT at, key_hash FROM {keyspace}.recent WHERE domain = '{domain}' AND hour IN ({hours});",
        "buckets": f"SELECT bucket FROM {keyspace}.buckets WHERE list = 'versions' AND owner = {digest};",
        "share_hours": f"SELECT hour, shares FROM {keyspace}.share_hours WHERE owner = {digest};",
    }
    if event is not None:
        identities = [event, *(identity_of(kind, event) for kind in sorted(KINDS))]
        names = ", ".join(f"0x{notice_id(identity, key)}" for identity in identities)
        found["finished"] = f"SELECT id FROM {keyspace}.finished WHERE id IN ({names});"
    if as_json:
        say_json(msgspec.json.encode({"key": key, "hash": digest, "domain": domain, "statements": found}))
        return
    for line in (f"-- key    {key}", f"-- hash   {digest}", f"-- domain {domain}", *found.values()):
        say(line)
