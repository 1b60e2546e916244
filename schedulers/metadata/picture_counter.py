"""Counts in memory which pictures the pages of a site share; an adapter of the port `GenericPictures`.

The flow tells it what each page named, `fields/image` asks it. Bounded memory. Of a page and its picture only hashes
are kept, 16 bytes; domains, and of each the pages, are forgotten oldest first.
"""

from array import array
from collections import OrderedDict
from hashlib import blake2b

from schedulers.metadata.addresses import site_of
from schedulers.metadata.fields.image import declared
from schedulers.metadata.model import Metadata
from schedulers.metadata.ports import GenericPictures

# At most 5 MB: of each domain 40 pages of 16 bytes, and what the objects around them take.
DOMAINS = 5_000
PAGES = 40
# From so many pages on, a picture on most of them is the site's and not the pages'.
ENOUGH_PAGES = 5
MOST = 0.5


class PictureCounter:
    """Keeps of each domain the last pages and the picture of each. Told on the loop, asked in other threads too."""

    def __init__(self, domains: int = DOMAINS) -> None:
        self._domains = domains
        # Site → page, picture, page, picture, … in the order in which they were first seen.
        self._seen: OrderedDict[str, array[int]] = OrderedDict()

    def is_generic(self, site: str, picture: str) -> bool:
        """Whether most of the pages that were last seen name `picture`; False while too few were seen."""
        seen = self._seen.get(site)
        if seen is None:
            return False
        pictures = seen[1::2]
        return len(pictures) >= ENOUGH_PAGES and pictures.count(_digest(picture)) > MOST * len(pictures)

    def saw(self, site: str, picture: str, page: str) -> None:
        """Notes what `page` names now; an earlier word of the same page is replaced."""
        seen = self._seen.setdefault(site, array("q"))
        self._seen.move_to_end(site)
        _note(seen, picture, page)
        if len(self._seen) > self._domains:
            self._seen.popitem(last=False)

    def of_page(self, url: str) -> "PictureCounter":
        """What is known of the site of `url` alone, to be sent to another process."""
        site = site_of(url)
        one = PictureCounter(1)
        if (seen := self._seen.get(site)) is not None:
            one._seen[site] = seen[:]
        return one


def note_in(stored: bytes, picture: str, page: str) -> tuple[bytes, int]:
    """The same for one site whose pages and pictures a store keeps as bytes: what to keep now, and how many of the
    pages show `picture`. Bytes that are none of ours count as none."""
    seen = array("q")
    if len(stored) % (2 * seen.itemsize) == 0:
        seen.frombytes(stored)
    _note(seen, picture, page)
    return seen.tobytes(), seen[1::2].count(_digest(picture))


def _note(seen: "array[int]", picture: str, page: str) -> None:
    pages = seen[::2]
    if (key := _digest(page)) in pages:
        seen[2 * pages.index(key) + 1] = _digest(picture)
    else:
        seen.extend((key, _digest(picture)))
        del seen[: -2 * PAGES]


def _digest(text: str) -> int:
    """The same in every process, unlike `hash`."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little", signed=True)


def note_picture(counter: GenericPictures, metadata: Metadata, url: str) -> None:
    """Tells `counter` what the page at `url` declared: of several pictures the one known to be shared, because it is on
    the page whether or not a better one was found."""
    if named := declared(metadata):
        site = site_of(url)
        shared = (picture for picture in named if counter.is_generic(site, picture))
        counter.saw(site, next(shared, named[0]), metadata.canonical_url or url)
