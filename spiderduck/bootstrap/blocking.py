"""What may not be asked for, from the settings: one policy that the schedulers, the fetcher and the pictures share."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fetchers.blocked_domains import BlockedDomains, BlockedDomainsFile, normal_name
from fetchers.model import Ending
from fetchers.ports import Blocked, UrlPolicy
from fetchers.urls import split
from groundwork.clock import Clock
from schedulers.config import OneTimeLinks
from schedulers.urls import is_one_time
from schedulers.verdict import TAKEN_DOWN
from spiderduck.bootstrap.storage import Work
from spiderduck.config import Config
from spiderduck.errors import BadSetting
from spiderduck.lists.expressions import canonical
from spiderduck.lists.loaded import Subject
from spiderduck.lists.watching import Lists
from spiderduck.takedowns.in_force import InForce

LISTED = "listed"
ONE_TIME = "one_time"
WHY_ONE_TIME = (
    "it looks like a link that works once or changes something (sign-in, confirmation, invitation, unsubscription), "
    "and a fetch would use it up; schedulers.one_time says for which domains that is wanted"
)


class OneTimePolicy:
    """Refuses links that a fetch would spend, by the setting and its exceptions."""

    def __init__(self, settings: OneTimeLinks) -> None:
        """Raises ValueError for an exception that names no domain."""
        self._fetch = settings.fetch
        self._domains = {normal_name(name): fetch for name, fetch in settings.domains.items()}

    def verdict(self, url: str) -> Blocked | None:
        """See `UrlPolicy`."""
        if not is_one_time(url) or self._is_wanted(split(url).host):
            return None
        return Blocked(WHY_ONE_TIME, Ending.NOT_FETCHED, ONE_TIME)

    def _is_wanted(self, host: str) -> bool:
        """What the longest exception says that holds the host, else the setting."""
        labels = host.rstrip(".").split(".")
        names = (".".join(labels[start:]) for start in range(len(labels)))
        return next((self._domains[name] for name in names if name in self._domains), self._fetch)


class ListPolicy:
    """Refuses what a list with the action `block` names."""

    def __init__(self, lists: Lists, clock: Clock) -> None:
        self._lists = lists
        self._clock = clock

    def verdict(self, url: str) -> Blocked | None:
        """See `UrlPolicy`."""
        blocking = [one for one in self._lists.current if one.config.action == "block"]
        found = canonical(url) if blocking else None
        if found is None:
            return None
        subject, now = Subject(found), self._clock.now()
        hit = next((hit for one in blocking if (hit := one.names(subject, now)) is not None), None)
        return None if hit is None else Blocked(f"the list {hit.list.name} names {hit.expression}", code=LISTED)


class TakedownPolicy:
    """Refuses what was taken down."""

    def __init__(self, in_force: InForce) -> None:
        self._in_force = in_force

    def verdict(self, url: str) -> Blocked | None:
        """See `UrlPolicy`."""
        found = self._in_force.of(url)
        return None if found is None else Blocked(found.said, code=TAKEN_DOWN)


class Policies:
    """The first refusal of several policies."""

    def __init__(self, *policies: UrlPolicy) -> None:
        self._policies = policies

    def verdict(self, url: str) -> Blocked | None:
        """See `UrlPolicy`."""
        for policy in self._policies:
            if (blocked := policy.verdict(url)) is not None:
                return blocked
        return None


@dataclass(frozen=True, slots=True)
class Blocking:
    """`domains` and `lists` may be replaced at any time; `work` keeps them at what the files say. `policy` holds for
    everything that is fetched. `blocked` is the part of it that knows whom nobody asks for anything."""

    lists: Lists
    policy: UrlPolicy
    blocked: UrlPolicy
    work: tuple[Work, ...] = ()


def open_blocking(config: Config, clock: Clock) -> Blocking:
    """Raises `BadSetting` where the file cannot be read, or it or a setting holds what is no name."""
    settings = config.schedulers
    try:
        domains = BlockedDomains(settings.blocked_domains)
        lists = Lists(clock, config.lists)
        work: tuple[Work, ...] = (("lists", lists.run),)
        if settings.blocked_domains_file:
            path = Path(settings.blocked_domains_file)
            file = BlockedDomainsFile(domains, settings.blocked_domains, path, clock)
            work = (*work, ("blocked domains", file.run))
        blocked = Policies(TakedownPolicy(lists.takedowns), domains, ListPolicy(lists, clock))
        return Blocking(lists, Policies(blocked, OneTimePolicy(settings.one_time)), blocked, work)
    except ValueError as error:
        raise BadSetting(str(error)) from error


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
