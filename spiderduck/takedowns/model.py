"""A takedown as it is kept, and what is left of a URL that was taken down. Pure."""

import hashlib

import msgspec

from schedulers.model import ArchiveLocation, Status, UrlState
from schedulers.record import iso_time
from schedulers.verdict import TAKEN_DOWN


class Covered(msgspec.Struct, frozen=True):
    """A URL that a takedown holds for, and its dedup key."""

    key: str
    url: str


class Takedown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`covered` are the URLs it holds for, the one that was named first. `pictures` are those that its pages showed,
    `archived` the places of their bytes. Epoch seconds: `at`, `removed_at`, when the stores were free of it, and
    `erased_at`, when the archive was."""

    covered: tuple[Covered, ...]
    at: float
    by: str | None = None
    reason: str | None = None
    pages: tuple[int, ...] = ()
    pictures: tuple[str, ...] = ()
    archived: tuple[ArchiveLocation, ...] = ()
    removed_at: float | None = None
    erased_at: float | None = None

    @property
    def id(self) -> str:
        """Of the URL that was named, so that the same takedown twice is one."""
        return id_of(self.covered[0].key)

    @property
    def url(self) -> str:
        """As the admin named it."""
        return self.covered[0].url

    @property
    def said(self) -> str:
        """For those who ask for the URL. The admin's own reason is for admins."""
        return f"an administrator took it down on {iso_time(self.at)}"

    def remains(self) -> tuple[UrlState, ...]:
        """The states that take the place of what was known of its URLs."""
        return tuple(
            UrlState(
                one.key,
                one.url,
                Status.BLOCKED_DOMAIN,
                reason=self.said,
                reason_code=TAKEN_DOWN,
                checked_at=self.at,
            )
            for one in self.covered
        )


def id_of(key: str) -> str:
    """A takedown's id, by the dedup key of the URL that was named."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
