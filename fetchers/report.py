"""One fetch for a person: performed by a fetcher of its own, every hop told. Used by both command lines."""

import time
from typing import TextIO

import msgspec
from msgspec import structs

from fetchers.client import redirects
from fetchers.client.running import running_client
from fetchers.config import FetchersConfig
from fetchers.model import Ended, FetchResult, HopRequest, NotNow, Response
from fetchers.ports import UrlPolicy
from fetchers.standalone import running_fetcher
from fetchers.urls import parse
from groundwork.terminal import say

PATIENCE_SECONDS = 120.0
SERVICE_PATIENCE_SECONDS = 15.0
"""Shorter: a service that is not there, or does not know us, is asked again and again until then."""


async def fetch_once(
    url: str, config: FetchersConfig, through: str = "", policy: UrlPolicy | None = None
) -> FetchResult:
    """By a fetcher of its own, or by the service at `through`. Raises `InvalidUrl`; the rest is in the result."""
    by = time.time() + PATIENCE_SECONDS
    request = HopRequest(parse(url if "://" in url else f"http://{url}"), by, by, purpose="direct")
    if through:
        request = structs.replace(request, start_by=time.time() + SERVICE_PATIENCE_SECONDS)
        async with running_client([through], config.token, config.tls) as router:
            return await redirects.fetch(request, router.open_hop, most_redirects=config.limits.redirects)
    async with running_fetcher(config, policy=policy) as fetcher:
        return await redirects.fetch(request, fetcher.open_hop, most_redirects=config.limits.redirects)


def print_hops(result: FetchResult, out: TextIO) -> None:
    """A line per hop, and one for the end."""
    for hop in result.hops:
        by = "" if hop.by == "location" else f" by {hop.by}"
        say(f"{hop.status_code} {hop.url}{by} ({hop.address or 'no address'})", file=out)
    outcome = result.outcome
    if isinstance(outcome, Response):
        kind = outcome.header("content-type") or "no type"
        where = f"{outcome.address or 'no address'}, {outcome.elapsed * 1000:.0f} ms"
        say(f"{outcome.status_code} {outcome.url} ({kind}, {len(outcome.body)} bytes, {where})", file=out)
    elif isinstance(outcome, Ended):
        say(f"{outcome.ending.value} {result.url}: {outcome.reason}", file=out)
    elif isinstance(outcome, NotNow):
        say(f"late {result.url}: {outcome.reason}", file=out)


def report_json(result: FetchResult) -> bytes:
    """The same for programs, without the body."""
    outcome = result.outcome
    report: dict[str, object] = {
        "url": result.url,
        "redirects": [
            {
                "url": hop.url,
                "status_code": hop.status_code,
                "by": hop.by,
                "address": hop.address,
                "fetched_at": hop.fetched_at,
            }
            for hop in result.hops
        ],
    }
    if isinstance(outcome, Response):
        report |= {
            "status": "fetched" if 200 <= outcome.status_code < 300 else "http_error",
            "status_code": outcome.status_code,
            "headers": [list(header) for header in outcome.headers],
            "length": len(outcome.body),
            "address": outcome.address,
            "tls_version": outcome.tls_version,
            "certificate_subject": outcome.certificate_subject,
            "robots_rule": outcome.robots_rule,
            "fetched_at": outcome.fetched_at,
            "seconds": round(outcome.elapsed, 3),
        }
    elif isinstance(outcome, Ended):
        report |= {"status": outcome.ending.value, "reason": outcome.reason}
    elif isinstance(outcome, NotNow):
        report |= {"status": "late", "reason": outcome.reason}
    return msgspec.json.encode(report)
