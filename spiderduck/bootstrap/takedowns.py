"""What was taken down, in force before anything is fetched or shown, and removed from all places that are reached."""

from dataclasses import dataclass

from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.images import ImageParts
from spiderduck.bootstrap.remedies import CASSANDRA_REMEDY
from spiderduck.bootstrap.storage import Removable, Storage, Work
from spiderduck.bootstrap.waiting import patiently
from spiderduck.errors import StoreUnavailable
from spiderduck.lists.judging import Judge
from spiderduck.lists.watching import Lists
from spiderduck.takedowns.following import FILE, Following
from spiderduck.takedowns.ports import Rows
from spiderduck.takedowns.removing import Announcer, Places, Removing
from spiderduck.takedowns.taking import Takedowns
from spiderduck.webhooks.redacting import KeptDeliveries


@dataclass(frozen=True, slots=True)
class Taking:
    """`work` must run for as long as anything is fetched or shown."""

    takedowns: Takedowns
    work: tuple[Work, ...]


async def open_takedowns(
    given: Composition, storage: Storage, lists: Lists, images: ImageParts | None, rows: Rows | None
) -> Taking | None:
    """None in a process without a store: an image process follows the API. Waits for a cluster's store; raises
    `StoreUnavailable` where the embedded one cannot be read."""
    removable, clock = storage.removable, given.clock
    if removable is None:
        return None
    places = Places(
        removable.records,
        removable.notices if storage.api is None else KeptDeliveries(storage.api.webhooks, removable.notices),
        removable.archive,
        None if images is None else images.caches,
        _announcer(removable, Judge(lists, clock)),
        None if storage.api is None else storage.api.shares,
        rows,
    )
    removing = Removing(removable.takedowns, places, lists.takedowns, clock)
    following = Following(removable.takedowns, lists.takedowns, removing, clock, given.folder / FILE)
    if given.config.broker.url:
        await patiently("the takedowns", following.load, StoreUnavailable, clock, CASSANDRA_REMEDY)
    else:
        await following.load()
    takedowns = Takedowns(removable.takedowns, removable.records, following, clock)
    return Taking(takedowns, (("takedowns", following.run),))


def _announcer(removable: Removable, judge: Judge) -> Announcer | None:
    if removable.announcing is None:
        return None
    return Announcer(removable.announcing, judge)
