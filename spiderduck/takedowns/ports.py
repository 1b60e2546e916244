"""What takedowns need from where things are kept. Each method may be repeated, and raises `StoreUnavailable`."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from schedulers.model import ArchiveLocation, Known, Page, UrlState
from schedulers.notice import Notice
from spiderduck.takedowns.model import Takedown

Redact = Callable[[bytes], bytes | None]
"""A notice's JSON without what was taken down; None where there is nothing of it."""


Change = Callable[[Takedown | None], Takedown | None]
IsGone = Callable[[str], bool]
"""Whether a URL, in whatever spelling, was taken down."""


class TakedownStore(Protocol):
    """The list of takedowns, the same for all processes."""

    async def revision(self) -> str:
        """Another one after every change. Cheap: asked every few seconds by every process."""

    async def all(self) -> Sequence[Takedown]:
        """Every one that is in force."""

    async def change(self, takedown_id: str, change: Change) -> Takedown | None:
        """What `change` makes of the one with that id, durable when this returns: None is made of none, and takes one
        away. Two changes at a moment follow one another, so that `change` may be called again."""


class Records(Protocol):
    """The store of URLs and pages, as far as something is removed from it."""

    async def known(self, keys: Sequence[str]) -> Sequence[Known]:
        """As `Lookups.known`."""

    async def history(self, key: str, most: int) -> Sequence[Page]:
        """As `Lookups.history`."""

    async def redirects_to(self, key: str, most: int) -> Sequence[str]:
        """As `Lookups.redirects_to`."""

    async def remove_pages(self, pages: Sequence[Page]) -> None:
        """These versions, and that their pictures belong to them. What the same process wrote before does not come
        back."""

    async def remove_urls(self, keys: Sequence[str], remains: Sequence[UrlState]) -> None:
        """What is known of those URLs and every redirect from and to them; `remains` are known in their place."""


class KeptNotices(Protocol):
    """A log of notices that can be written over."""

    async def redact(self, hosts: Sequence[str], redact: Redact) -> int:
        """Replace the bodies of notices on these hosts by what `redact` leaves of them; how many there were."""


class SharesOf(Protocol):
    """The log of shares, and what is counted from it."""

    async def forget(self, keys: Sequence[str]) -> None:
        """Every share of URLs with these dedup keys and of the pages with these, who shared them, and what trends."""


class Rows(Protocol):
    """Files of rows for analytics."""

    async def forget(self, is_gone: IsGone, pages: Collection[int]) -> int:
        """Remove the rows that name such a URL, or one of these pages; how many there were."""


class ErasableArchive(Protocol):
    """Where the bytes of pages are kept."""

    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool:
        """Put a tombstone in the place of each, and of the records that belong to it. True where none of their bytes is
        left anywhere; False where some lie in another process's spool, or cannot be reached now."""


class Announcing(Protocol):
    """Who tells subscribers."""

    async def tell(self, notices: Sequence[Notice]) -> None:
        """At least once."""


class Caches(Protocol):
    """The image pipelines of this process."""

    async def purge(self, sources: Sequence[str]) -> None:
        """Forget these pictures and all that was made of them, in every tier."""

    async def purge_keys(self, keys: frozenset[bytes]) -> None:
        """The same where only the digests of their addresses (`picture_key`) are known, of what is held."""
