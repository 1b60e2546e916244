"""A takedown as it is kept, what several processes find of it, and what is left of a URL that was taken down. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from schedulers.metadata import decode_metadata
from schedulers.model import ArchiveLocation, Page, Status, UrlState
from schedulers.notice import host_of
from schedulers.record import iso_time
from schedulers.verdict import TAKEN_DOWN

Found = TypeVar("Found")
UNTOLD = 0.0
"""`telling_at` where nobody began to tell subscribers."""


class Covered(msgspec.Struct, frozen=True):
    """A URL that a takedown holds for, and its dedup key."""

    key: str
    url: str


class Takedown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`covered` are the URLs it holds for, the one that was named first; `former` the hosts of those that led there
    once and lead elsewhere now. `pictures` are those that its pages showed, `archived` the places of their bytes.
    Epoch seconds: `at`, `removed_at`, when the stores were free of it, `erased_at`, when the archive was, and
    `told_at`, when subscribers were told, by the process `teller`, which began at `telling_at`."""

    covered: tuple[Covered, ...]
    at: float
    by: str | None = None
    reason: str | None = None
    pages: tuple[int, ...] = ()
    pictures: tuple[str, ...] = ()
    archived: tuple[ArchiveLocation, ...] = ()
    removed_at: float | None = None
    erased_at: float | None = None
    former: tuple[str, ...] = ()
    teller: str | None = None
    telling_at: float | None = None
    told_at: float | None = None

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

    @property
    def keys(self) -> Sequence[str]:
        """The dedup keys it holds for, under both schemes."""
        return tuple(dict.fromkeys(key for one in self.covered for key in (one.key, twin(one.key))))

    @property
    def hosts(self) -> Sequence[str]:
        """Those on which notices may tell of it."""
        return sorted({*self.former, *(host_of(one.url) for one in self.covered)})

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left to do in what all processes share. Those of older versions are told."""
        is_told = self.telling_at is None or self.told_at is not None
        return self.removed_at is not None and self.erased_at is not None and is_told

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


def twin(url: str) -> str:
    """The same address under the other scheme: hardly a server gives something else there."""
    scheme, separator, rest = url.partition(":")
    return {"http": "https", "https": "http"}.get(scheme, scheme) + separator + rest


def renewed(before: Takedown | None, order: Takedown) -> Takedown:
    """`order`, with what the one before it holds for and found."""
    if before is None:
        return order
    covered = {one.key: one for one in (*order.covered, *before.covered)}
    return replace(
        before,
        covered=tuple(covered.values()),
        former=_both(order.former, before.former),
        at=order.at,
        by=order.by,
        reason=order.reason,
        removed_at=None,
        erased_at=None,
        teller=None,
        telling_at=order.telling_at,
        told_at=None,
    )


def moved(before: Takedown | None, order: Takedown) -> Takedown:
    """`order` as it came from another instance: what is kept here of it is still to be removed, and nobody here was
    told."""
    if before is not None and before.at >= order.at:
        return before
    archived = order.archived if order.erased_at is None else ()
    fresh = replace(
        order, archived=archived, removed_at=None, erased_at=None, teller=None, telling_at=UNTOLD, told_at=None
    )
    return fresh if before is None else replace(renewed(before, fresh), archived=_both(archived, before.archived))


def with_pages(kept: Takedown | None, pages: Sequence[Page]) -> Takedown | None:
    """With what is found of these pages; None stays None, for then it was lifted."""
    if kept is None:
        return None
    found = [decode_metadata(page.metadata) for page in pages]
    shown = [
        one.url
        for said in found
        for one in (said.image, *said.other_images, said.icon, said.touch_icon)
        if one is not None
    ]
    archived = _both(kept.archived, (page.archived for page in pages if page.archived is not None))
    return replace(
        kept,
        pages=_both(kept.pages, (page.id for page in pages)),
        pictures=_both(kept.pictures, shown),
        archived=archived,
        erased_at=kept.erased_at if archived == kept.archived else None,
    )


def with_removal(kept: Takedown | None, now: float) -> Takedown | None:
    """The stores are free of it."""
    return kept if kept is None or kept.removed_at is not None else replace(kept, removed_at=now)


def with_erasure(kept: Takedown | None, erased: Sequence[ArchiveLocation], now: float) -> Takedown | None:
    """Those places are free of it, and with them perhaps the archive: another process may have found more."""
    if kept is None or kept.erased_at is not None or not set(kept.archived) <= set(erased):
        return kept
    return replace(kept, erased_at=now)


def with_teller(kept: Takedown | None, teller: str, now: float, seconds: float) -> Takedown | None:
    """`teller` tells subscribers, unless they were told, or somebody else began fewer `seconds` ago."""
    if kept is None or kept.told_at is not None:
        return kept
    is_others = kept.teller not in (None, teller) and kept.telling_at is not None and now - kept.telling_at < seconds
    return kept if is_others else replace(kept, teller=teller, telling_at=now)


def with_word(kept: Takedown | None, at: float, now: float) -> Takedown | None:
    """Subscribers were told of the one that was ordered `at`."""
    return kept if kept is None or kept.at != at else replace(kept, told_at=now)


def _both(before: Iterable[Found], more: Iterable[Found]) -> tuple[Found, ...]:
    """In the order in which they were found."""
    return tuple(dict.fromkeys((*before, *more)))


def id_of(key: str) -> str:
    """A takedown's id, by the dedup key of the URL that was named."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
