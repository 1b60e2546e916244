"""`python -m fetchers URL`: fetch one URL by the rules and print every hop. `python -m fetchers serve`: the service."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fetchers.config import FetchersConfig, Network, RateLimits, Tls
from fetchers.errors import FetcherError
from fetchers.model import Response
from fetchers.report import fetch_once, print_hops, report_json
from groundwork.terminal import put_bytes, say, say_json


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given[:1] == ["serve"]:
            return _serve(given[1:])
        return _fetch(given)
    except (FetcherError, ValueError) as error:
        say(f"fetchers: {error}", error=True)
        return 2


def _fetch(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fetchers",
        description="Fetch one URL politely and print every hop; the body goes to standard output.",
        epilog="python -m fetchers serve --help tells of the service.",
    )
    parser.add_argument("url")
    _add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print what happened as JSON, without the body")
    parser.add_argument(
        "--through", default="", metavar="URL", help="ask the service there, e.g. http://127.0.0.1:8090"
    )
    given = parser.parse_args(arguments)
    result = asyncio.run(fetch_once(given.url, _config(given), given.through))
    if given.json:
        say_json(report_json(result))
    else:
        print_hops(result, sys.stderr)
        if isinstance(result.outcome, Response):
            put_bytes(result.outcome.body)
    return 0 if isinstance(result.outcome, Response) else 1


def _serve(arguments: Sequence[str]) -> int:
    from fetchers.cluster import ClusterConfig
    from fetchers.serve import serve

    parser = argparse.ArgumentParser(
        prog="python -m fetchers serve",
        description="One fetcher of a cluster, over HTTP.",
        epilog="Secrets come by the environment: SPIDERDUCK_FETCHERS_TOKEN, which callers share, and "
        "SPIDERDUCK_ZOOKEEPER_AUTH (user:password), or by files that the same names with _FILE give.",
    )
    _add_settings(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, default=8090, help="port; 0 picks a free one, which is printed")
    parser.add_argument("--advertise", default="", metavar="URL", help="where others reach it, if not at host and port")
    parser.add_argument(
        "--zookeeper", default="", metavar="HOST:PORT,…", help="without it this fetcher owns all domains"
    )
    parser.add_argument("--chroot", default="/spiderduck/fetchers", help="the fetchers' own place in ZooKeeper")
    parser.add_argument("--session-seconds", type=float, default=10.0, help="after that a dead fetcher's domains move")
    parser.add_argument(
        "--memcached", action="append", default=[], metavar="HOST:PORT", help="a server that all fetchers share"
    )
    parser.add_argument("--per-second", type=float, default=1.0, help="requests to a domain")
    parser.add_argument("--burst", type=int, default=4, help="requests to a domain at once, after a pause")
    given = parser.parse_args(arguments)
    cluster = ClusterConfig(
        host=given.host,
        port=given.port,
        advertise=given.advertise,
        # A command line can be read by every user of a machine, the environment cannot.
        token=_secret("SPIDERDUCK_FETCHERS_TOKEN"),
        auth=_secret("SPIDERDUCK_ZOOKEEPER_AUTH"),
        zookeeper=given.zookeeper,
        chroot=given.chroot,
        session_seconds=given.session_seconds,
        memcached=tuple(given.memcached),
    )
    cluster.validate()
    import uvloop

    return uvloop.run(serve(_config(given, RateLimits(given.per_second, given.burst)), cluster))


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--user-agent", help="the User-Agent header, for example 'ExampleBot/1.0 (+https://example.com/bot)'"
    )
    parser.add_argument(
        "--allow-address",
        action="append",
        default=[],
        metavar="NETWORK",
        help="exempt these addresses from the address guard",
    )
    parser.add_argument(
        "--resolve",
        action="append",
        default=[],
        metavar="NAME=HOST:PORT",
        help="connect there for this name, like curl --resolve",
    )
    _add_tls(parser)


def _add_tls(parser: argparse.ArgumentParser) -> None:
    for name, what in (
        ("certificate", "PEM file; with it, fetchers and callers both show one"),
        ("key", "its private key"),
        ("authority", "who signs the certificates of fetchers and callers"),
    ):
        parser.add_argument(f"--{name}", default="", metavar="FILE", help=what)


def _secret(name: str) -> str:
    """A variable, or what the file holds that `…_FILE` names. Raises ValueError, which does not show it."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, "")
    if name in os.environ:
        raise ValueError(f"{name} and {name}_FILE are both set; one of them")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{name}_FILE is {path}, which cannot be read: {error.strerror}") from error


def _config(given: argparse.Namespace, rate_limit: RateLimits | None = None) -> FetchersConfig:
    for pair in given.resolve:
        if "=" not in pair:
            raise ValueError(f"--resolve is {pair!r}; it takes NAME=HOST:PORT")
    config = FetchersConfig(
        token=_secret("SPIDERDUCK_FETCHERS_TOKEN"),
        tls=Tls(given.certificate, given.key, given.authority),
        user_agent=given.user_agent or FetchersConfig().user_agent,
        network=Network(tuple(given.allow_address), dict(pair.split("=", 1) for pair in given.resolve)),
        rate_limit=rate_limit or RateLimits(),
    )
    config.validate()
    return config


if __name__ == "__main__":
    sys.exit(main())
