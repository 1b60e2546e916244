"""`python -m fetchers URL`: fetch one URL by the rules and print every hop. `python -m fetchers serve`: the service."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fetchers.config import FetchersConfig, Network, Tls
from fetchers.errors import FetcherError
from fetchers.model import Response
from fetchers.report import fetch_once, print_hops, report_json
from groundwork.commands import make_app, run
from groundwork.secret_files import secret_variable
from groundwork.settings import Sources, load
from groundwork.terminal import put_bytes, say_json

PREFIX = "FETCHERS_"

one_url = make_app("python -m fetchers")
service = make_app("python -m fetchers serve")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings (TOML), those of spiderduck.toml's fetchers.")
]
UserAgent = Annotated[
    str | None, typer.Option(help="The User-Agent header, for example 'ExampleBot/1.0 (+https://example.com/bot)'.")
]
AllowAddress = Annotated[
    list[str] | None, typer.Option(metavar="NETWORK", help="Exempt these addresses from the address guard.")
]
Resolve = Annotated[
    list[str] | None, typer.Option(metavar="NAME=HOST:PORT", help="Connect there for this name, like curl --resolve.")
]
Certificate = Annotated[str, typer.Option(help="PEM file; with it, fetchers and callers both show one.")]
Key = Annotated[str, typer.Option(help="Its private key.")]
Authority = Annotated[str, typer.Option(help="Who signs the certificates of fetchers and callers.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["serve"]:
        return run(service, given[1:], "fetchers", FetcherError, ValueError)
    return run(one_url, given, "fetchers", FetcherError, ValueError)


@one_url.command(epilog="python -m fetchers serve --help tells of the service.")
def fetch(
    url: Annotated[str, typer.Argument(help="What to fetch.")],
    config: ConfigFile = None,
    user_agent: UserAgent = None,
    allow_address: AllowAddress = None,
    resolve: Resolve = None,
    certificate: Certificate = "",
    key: Key = "",
    authority: Authority = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print what happened as JSON, without the body.")] = False,
    through: Annotated[str, typer.Option(metavar="URL", help="Ask the service there: http://127.0.0.1:8090.")] = "",
) -> int:
    """Fetch one URL politely and print every hop; the body goes to standard output."""
    settings = _settings(config, user_agent, _network(allow_address, resolve), Tls(certificate, key, authority))
    result = asyncio.run(fetch_once(url, settings, through))
    if as_json:
        say_json(report_json(result))
    else:
        print_hops(result, sys.stderr)
        if isinstance(result.outcome, Response):
            put_bytes(result.outcome.body)
    return 0 if isinstance(result.outcome, Response) else 1


@service.command(
    epilog="Secrets come by the environment: SPIDERDUCK_FETCHERS_TOKEN, which callers share, and "
    "SPIDERDUCK_ZOOKEEPER_AUTH (user:password), or by files that the same names with _FILE give."
)
def serve(
    config: ConfigFile = None,
    user_agent: UserAgent = None,
    allow_address: AllowAddress = None,
    resolve: Resolve = None,
    certificate: Certificate = "",
    key: Key = "",
    authority: Authority = "",
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 picks a free one, which is printed.")] = 8090,
    advertise: Annotated[str, typer.Option(metavar="URL", help="Where others reach it, if not at host and port.")] = "",
    zookeeper: Annotated[
        str, typer.Option(metavar="HOST:PORT,…", help="Without it this fetcher owns all domains.")
    ] = "",
    chroot: Annotated[str, typer.Option(help="The fetchers' own place in ZooKeeper.")] = "/spiderduck/fetchers",
    session_seconds: Annotated[
        float, typer.Option(help="A silent fetcher's domains move after a quarter of that, 2.5 s at the least.")
    ] = 10.0,
    memcached: Annotated[
        list[str] | None, typer.Option(metavar="HOST:PORT", help="A server that all fetchers share.")
    ] = None,
    per_second: Annotated[float | None, typer.Option(help="Requests to a domain.")] = None,
    burst: Annotated[int | None, typer.Option(help="Requests to a domain at once, after a pause.")] = None,
) -> int:
    """One fetcher of a cluster, over HTTP."""
    import uvloop

    from fetchers.cluster import ClusterConfig
    from fetchers.serve import serve as run_service

    settings = _settings(config, user_agent, _network(allow_address, resolve), Tls(certificate, key, authority))
    limits = settings.rate_limit
    limits = replace(limits, per_second=per_second or limits.per_second, burst=burst or limits.burst)
    cluster = ClusterConfig(
        host=host,
        port=port,
        advertise=advertise or settings.advertise,
        token=settings.token,
        auth=secret_variable(os.environ, "SPIDERDUCK_ZOOKEEPER_AUTH") or "",
        zookeeper=zookeeper,
        chroot=chroot,
        session_seconds=session_seconds,
        memcached=tuple(memcached or ()),
    )
    cluster.validate()
    settings = replace(settings, rate_limit=limits)
    settings.validate()
    return uvloop.run(run_service(settings, cluster))


def _network(allow_address: list[str] | None, resolve: list[str] | None) -> Network:
    for pair in resolve or ():
        if "=" not in pair:
            raise ValueError(f"--resolve is {pair!r}; it takes NAME=HOST:PORT")
    return Network(tuple(allow_address or ()), dict(pair.split("=", 1) for pair in resolve or ()))


def _settings(file: Path | None, user_agent: str | None, network: Network, tls: Tls) -> FetchersConfig:
    """What the command line gives beats the environment (`FETCHERS_…`), which beats the file. Raises ValueError."""
    # A command line can be read by every user of a machine, the environment cannot.
    token = secret_variable(os.environ, "SPIDERDUCK_FETCHERS_TOKEN")
    settings = load(FetchersConfig, Sources(file, os.environ, PREFIX, lenient=True))
    known = settings.network
    settings = replace(
        settings,
        token=settings.token if token is None else token,
        user_agent=user_agent or settings.user_agent,
        tls=tls if tls != Tls() else settings.tls,
        network=replace(
            known,
            allow_addresses=(*known.allow_addresses, *network.allow_addresses),
            resolve={**known.resolve, **network.resolve},
        ),
    )
    settings.validate()
    return settings


if __name__ == "__main__":
    sys.exit(main())
