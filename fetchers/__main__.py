"""`python -m fetchers URL`: fetch one URL by the rules and print every hop."""

import argparse
import asyncio
import sys

from fetchers.config import FetchersConfig, Network
from fetchers.errors import FetcherError
from fetchers.model import Response
from fetchers.report import fetch_once, print_hops, report_json


def main() -> int:
    """The entry point; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m fetchers",
        description="Fetch one URL politely and print every hop; the body goes to standard output.",
    )
    parser.add_argument("url")
    parser.add_argument(
        "--user-agent", default=None, help="who we say we are, e.g. 'ExampleBot/1.0 (+https://example.com/bot)'"
    )
    parser.add_argument(
        "--allow-address", action="append", default=[], metavar="NETWORK", help="exception to the address guard"
    )
    parser.add_argument(
        "--resolve", action="append", default=[], metavar="NAME=HOST:PORT", help="dial that for this name"
    )
    parser.add_argument("--json", action="store_true", help="print what happened as JSON, without the body")
    given = parser.parse_args()
    network = Network(tuple(given.allow_address), dict(one.split("=", 1) for one in given.resolve))
    config = FetchersConfig(network=network)
    if given.user_agent:
        config = FetchersConfig(user_agent=given.user_agent, network=network)
    try:
        config.validate()
        result = asyncio.run(fetch_once(given.url, config))
    except (FetcherError, ValueError) as error:
        print(f"fetchers: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(report_json(result).decode())
    else:
        print_hops(result, sys.stderr)
        if isinstance(result.outcome, Response):
            sys.stdout.buffer.write(result.outcome.body)
    return 0 if isinstance(result.outcome, Response) else 1


if __name__ == "__main__":
    sys.exit(main())
