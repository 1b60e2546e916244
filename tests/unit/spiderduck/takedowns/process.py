"""One process of several that take down together, over an embedded store."""

from collections.abc import Sequence
from pathlib import Path

from schedulers import notice
from schedulers.links import identify
from schedulers.model import ArchiveLocation, Change, Content, Event, Known, Page, Redirect, Status, UrlState
from schedulers.notice import Notice
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable
from spiderduck.lists.judging import Judge
from spiderduck.lists.watching import Lists
from spiderduck.shares.sqlite import SqliteShares
from spiderduck.stores.sqlite import SqliteStore
from spiderduck.subscriptions.ports import Filter
from spiderduck.subscriptions.sqlite import NoticeLog
from spiderduck.takedowns.following import Following
from spiderduck.takedowns.removing import Announcer, Places, Removing
from spiderduck.takedowns.sqlite import SqliteTakedowns
from spiderduck.takedowns.taking import Takedowns
from tests.clock import FakeClock

PAGE, SHORT, SHORTER = "http://news.test/a", "http://s.test/1", "http://t.test/2"
PICTURE = "http://pictures.test/a.png"


class Process:
    """What one process does with takedowns, over a store that others may have, too."""

    def __init__(self, database: Database, clock: FakeClock, followed: Path | None = None) -> None:
        self.clock = clock
        self.log = NoticeLog(database, clock)
        self.store = SqliteStore(database, clock, self.log.wake)
        self.lists = Lists(clock)
        self.takedowns_kept = SqliteTakedowns(database)
        self.erased: list[ArchiveLocation] = []
        self.purged: list[str] = []
        self.purged_keys: frozenset[bytes] = frozenset()
        self.is_broker_away = False
        self.is_away = False
        self.reaches_archive = True
        self.shares = SqliteShares(database)
        announcer = Announcer(self, Judge(self.lists, clock))
        places = Places(self.store, self.log, self, self, announcer, self.shares)
        removing = Removing(self.takedowns_kept, places, self.lists.takedowns, clock)
        self.following = Following(self.takedowns_kept, self.lists.takedowns, removing, clock, followed)
        self.takedowns = Takedowns(self.takedowns_kept, self.store, self.following, clock)

    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool:
        if self.is_away:
            raise StoreUnavailable("the archive is away")
        self.erased += locations
        return self.reaches_archive

    async def purge(self, sources: Sequence[str]) -> None:
        self.purged += sources

    async def purge_keys(self, keys: frozenset[bytes]) -> None:
        self.purged_keys |= keys

    async def tell(self, notices: Sequence[Notice]) -> None:
        if self.is_broker_away:
            raise StoreUnavailable("the broker is away")
        await self.store.tell(notices)

    async def share(self, identity: int, *chain: str) -> None:
        """The last URL of the chain is the page."""
        steps = tuple(Redirect(url, url, 301) for url in chain[:-1])
        metadata = f'{{"title":"A secret","image":{{"url":"{PICTURE}"}}}}'.encode()
        place = ArchiveLocation("one.warc.gz", identity, 1, "ab")
        page = Page(
            identity, chain[-1], chain[-1], 1.0, 200, Content("text/html", 1, "ab"), metadata, b"{}", archived=place
        )
        states = tuple(
            UrlState(url, url, Status.FETCHED, page_id=identity, resolved_url=chain[-1], redirects=steps[number:])
            for number, url in enumerate(chain)
        )
        name = f"event {identity} {chain[0]}"
        told = notice.processed(Event(name, identity=name), "fetched", Known(state=states[0], page=page), None, 1.0)
        await self.store.complete(name, chain[0], Change(states, page), told)

    async def take(self, url: str, *, destination: bool = True) -> set[str]:
        ordered = await self.takedowns.order(identify(url), by="ops", reason=None, destination=destination)
        taken = await self.takedowns.carry_out(ordered)
        return {one.url for one in taken.covered}

    async def told(self) -> list[bytes]:
        subscription = await self.log.open(None, Filter(), after=0)
        found = await subscription.receive(500)
        await subscription.close()
        return [one.body for one in found]
