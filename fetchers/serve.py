"""A fetcher's process: from start to SIGTERM. Called by `python -m fetchers serve`; others call
`cluster.running_member`.
"""

import asyncio
import logging
import signal
import sys

from fetchers.cluster import ClusterConfig, running_member
from fetchers.config import VERSION, FetchersConfig
from groundwork.memory import tune_allocator
from groundwork.terminal import PlainFormatter, say
from groundwork.trace import TraceFilter


async def serve(config: FetchersConfig, cluster: ClusterConfig) -> int:
    """Listen until SIGTERM or SIGINT, then finish what is under way; returns the exit code."""
    _log_to_stderr()
    tune_allocator()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if config.user_agent == f"SpiderDuck/{VERSION}":
        say("set --user-agent to name a page where site owners can read about your bot", error=True)
    async with running_member(config, cluster) as member:
        say(f"fetcher at {member.address}")
        await member.until(stop)
    return 0


def _log_to_stderr() -> None:
    """With the trace that a line belongs to."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(TraceFilter())
    form = "%(asctime)s %(levelname)s %(name)s trace=%(trace)s %(message)s"
    handler.setFormatter(PlainFormatter(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("kazoo").setLevel(logging.WARNING)
