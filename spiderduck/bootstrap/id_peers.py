"""The id service's look at its peers: who is who, and what time is it? At the start and every so often while serving.

A peer that contradicts stops a start and turns readiness red; one that is silent does neither.
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack

import httpx

from snowflake import Generator
from snowflake.errors import InsaneNeighbourhood
from snowflake.leases.registered import HeldRegisteredLease
from snowflake.ports import Lease
from snowflake.service.sanity import Sanity
from spiderduck.api.front.keys import READ
from spiderduck.bootstrap.keys import bearer
from spiderduck.config import Config
from spiderduck.errors import PeersContradict

PEER_SECONDS = 2.0


def own_url(config: Config) -> str:
    """Where peers reach this process: where it listens, or the machine's address where that is everywhere."""
    if not config.port:
        return ""  # nobody knows it before it listens
    host = config.host
    if host in ("0.0.0.0", "::"):
        host = socket.gethostbyname(socket.gethostname())
    return f"http://{host}:{config.port}"


async def open_sanity(generator: Generator, lease: Lease, config: Config, stack: AsyncExitStack) -> Sanity:
    """Raises `PeersContradict`."""
    http = httpx.AsyncClient(trust_env=False, timeout=PEER_SECONDS, headers=bearer(config, READ))
    stack.push_async_callback(http.aclose)
    own = own_url(config)

    async def peers() -> Mapping[str, int | None]:
        """Those of the registry; not the claim that an earlier process at our address left behind."""
        if not isinstance(lease, HeldRegisteredLease):
            return {}
        found = await asyncio.to_thread(lease.peers)
        return {peer.url: worker_id for worker_id, peer in found.items() if peer.url and peer.url != own}

    sanity = Sanity(generator, peers, http)
    try:
        await sanity.check_start()
    except InsaneNeighbourhood as error:
        raise PeersContradict(f"{error}; correct this machine's clock and worker ids, and restart") from error
    return sanity
