"""The client library from settings to working: for a process that is no fetcher and sends its hops to a cluster's.

Needs neither ZooKeeper nor memcached: who owns what is learnt from the fetchers.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from fetchers.body.budget import BodyBudget
from fetchers.client.http import HttpFetchers
from fetchers.client.routing import Router
from fetchers.config import Tls
from fetchers.tls import client_context
from groundwork.clock import SystemClock

NO_TLS = Tls()


@asynccontextmanager
async def running_client(
    addresses: Sequence[str], token: str = "", tls: Tls = NO_TLS, bodies: BodyBudget | None = None
) -> AsyncIterator[Router]:
    """The client library: `router.perform` is the `PerformHop` of a process that is no fetcher, which holds bodies
    within `bodies`.

    Raises ValueError for certificates that cannot be used.
    """
    clock = SystemClock()
    router = Router(addresses, HttpFetchers(clock, token, client_context(tls), bodies), clock, Random())
    try:
        yield router
    finally:
        await router.close()
