"""The parts of the product by name, and which settings fit together. Pure; used by `processes.py`.

What cannot work is said before anything is opened, with the setting that would mend it.
"""

from collections.abc import Sequence

from spiderduck.bootstrap.keys import bearer
from spiderduck.config import Config, no_keys
from spiderduck.errors import BadSetting
from spiderduck.keyring import WRITE

PARTS = {
    "schedulers": "take events from the queue and bring each URL to its end",
    "fetchers": "fetch politely, each the owner of a part of all domains",
    "api": "events, look-ups, stream and console",
    "ids": "the id service",
    "images": "pictures at any size",
}
"""Each may run in processes of its own, any number of them."""

EVERYTHING = frozenset(PARTS)


def parts_of(names: Sequence[str]) -> frozenset[str]:
    """From the command line; none means all of them. Raises `BadSetting`."""
    for name in names:
        if name not in PARTS:
            raise BadSetting(f"there is no part {name!r}; --only takes {', '.join(PARTS)}")
    return frozenset(names) or EVERYTHING


def check(parts: frozenset[str], config: Config) -> None:
    """Raises `BadSetting` where these parts cannot work with these settings."""
    _check_access(parts, config)
    _check_files(config)
    if parts & {"schedulers", "api"}:
        _check_backing(parts, config)
    if parts == EVERYTHING:
        if config.zookeeper.hosts:
            raise BadSetting(
                "zookeeper.hosts is set, so that several fetchers share the domains; start each part with --only, "
                f"e.g. --only fetchers ({', '.join(PARTS)}), or leave zookeeper.hosts empty"
            )
        return
    if "fetchers" in parts and len(parts) > 1 and config.zookeeper.hosts:
        raise BadSetting("fetchers that share the domains through ZooKeeper run alone: --only fetchers")
    if parts & {"schedulers", "api", "images"} and "fetchers" not in parts and not config.fetchers.addresses:
        raise BadSetting(
            'fetchers.addresses is empty, and no fetcher runs in this process; set it, e.g. ["http://fetchers:8080"]'
        )
    if "schedulers" in parts and "ids" not in parts and not config.ids.services:
        raise BadSetting('ids.urls is empty, and no ids are minted in this process; set it, e.g. ["http://ids:8080"]')
    if "schedulers" in parts and "ids" not in parts and config.has_keys and not bearer(config, WRITE):
        raise BadSetting(
            "the id service asks for a key with the scope write, and none is known here in plain; set api.internal_key "
            "(or SPIDERDUCK_API__INTERNAL_KEY_FILE) to the same long random text in every process"
        )
    _check_pictures(parts, config)


def _check_access(parts: frozenset[str], config: Config) -> None:
    """Whoever can be reached asks for a secret: a fetcher for the callers' token, everybody else for the API's keys."""
    if config.on_loopback:
        return
    if parts == {"fetchers"} and not config.fetchers.token:
        raise BadSetting(
            f"host is {config.host}, which others can reach, and fetchers.token is empty, so that anybody could fetch "
            "through this process; set the same secret for fetchers and for those who call them"
        )
    if parts != {"fetchers"} and not config.has_keys:
        raise BadSetting(no_keys(config))


def _check_files(config: Config) -> None:
    """Of TLS with the engines: a wrong name is said at once, and not while an engine is waited for."""
    sections = {
        "broker.tls": config.broker.tls,
        "cassandra.tls": config.cassandra.tls,
        "zookeeper.tls": config.zookeeper.tls,
        "memcached.tls": config.memcached.tls,
    }
    try:
        for name, tls in sections.items():
            tls.check_files(name)
    except ValueError as error:
        raise BadSetting(str(error)) from error


def _check_pictures(parts: frozenset[str], config: Config) -> None:
    """Several processes must agree on the key that signs pictures' addresses; one that is alone makes its own."""
    shared = "api" not in parts or bool(config.broker.url)
    if "images" in parts and shared and not config.images.keys:
        raise BadSetting(
            "images.keys is empty, and in a cluster every process must know the key that signs pictures' addresses; "
            'set the same for all, e.g. keys = ["a long random text"] under [images]'
        )


def _check_backing(parts: frozenset[str], config: Config) -> None:
    """Queue, store and archive, for the parts that have to do with them."""
    together = {"schedulers", "api"} <= parts
    if bool(config.broker.url) != bool(config.cassandra.hosts):
        names = ("broker.url", "cassandra.hosts")
        given, missing = names if config.broker.url else names[::-1]
        raise BadSetting(
            f"{given} is set and {missing} is not; queue and store go together: embedded they share one transaction"
        )
    if not config.broker.url and not together:
        raise BadSetting(
            "broker.url and cassandra.hosts are empty, and the embedded queue and store belong to one process; "
            "set them, or run --only schedulers,api (with fetchers) together"
        )
    if not config.archive.url and not together:
        raise BadSetting(
            "archive.url is empty, so that pages would lie in this process's own data folder, where no other reads "
            'them; set it, e.g. "s3://bucket/spiderduck"'
        )
