"""What may not be asked for, from the settings: one list that the schedulers, the fetcher and the pictures share."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fetchers.blocked_domains import BlockedDomains, BlockedDomainsFile
from groundwork.clock import Clock
from spiderduck.bootstrap.backing import Work
from spiderduck.config import Config
from spiderduck.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Blocking:
    """`domains` may be replaced at any time; `work` keeps them at what the file says."""

    domains: BlockedDomains
    work: tuple[Work, ...] = ()


def open_blocking(config: Config, clock: Clock) -> Blocking:
    """Raises `BadSetting` where the file cannot be read or holds what is no name."""
    settings = config.schedulers
    domains = BlockedDomains(settings.blocked_domains)
    if not settings.blocked_domains_file:
        return Blocking(domains)
    try:
        file = BlockedDomainsFile(domains, settings.blocked_domains, Path(settings.blocked_domains_file), clock)
    except ValueError as error:
        raise BadSetting(str(error)) from error
    return Blocking(domains, (("blocked domains", file.run),))


@asynccontextmanager
async def beside(work: Sequence[Work]) -> AsyncIterator[None]:
    """Run it for as long as the block lasts."""
    tasks = [asyncio.create_task(begin(), name=name) for name, begin in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
