"""What look-ups need from a store, beyond what the flow needs (`schedulers.ports.MetadataStore`)."""

from collections.abc import Sequence
from typing import Protocol

from schedulers.model import Known, Page, UrlState


class Lookups(Protocol):
    """Reading for the API. Everything that was completed before the call is seen."""

    async def known(self, keys: Sequence[str]) -> Sequence[Known]:
        """What is known of each URL, in the order asked; an empty `Known` for an unknown one."""

    async def page(self, page_id: int) -> Page | None:
        """The page of that id; None where there is none."""

    async def history(self, key: str, most: int) -> Sequence[Page]:
        """The versions of a page, the newest first."""

    async def redirects_to(self, key: str, most: int) -> Sequence[str]:
        """The keys of URLs that redirect to that one."""

    async def owns_picture(self, url: str) -> bool:
        """Whether any stored page has the picture of that URL for its image or icon."""

    async def picture_pages(self, url: str, most: int) -> Sequence[int]:
        """The ids of pages that have the picture of that URL for their image or icon, the newest first; on some
        adapters the newest alone."""

    async def recent(self, domain: str, most: int) -> Sequence[UrlState]:
        """The URLs of a registrable domain that were handled last, the newest first."""
