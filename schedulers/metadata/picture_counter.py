"""Counts in memory which pictures the pages of a site share; an adapter of the port `GenericPictures`.

The flow tells it what each page named, `fields/image` asks it. Its one rule: bounded memory. Domains, and of each the
pages and pictures, are forgotten oldest first.
"""

from collections import OrderedDict

DOMAINS = 10_000
PAGES = 40
# From so many pages on, a picture on most of them is the site's and not the pages'.
ENOUGH_PAGES = 5
MOST = 0.5


class PictureCounter:
    """Keeps of each domain the last pages and the picture of each."""

    def __init__(self, domains: int = DOMAINS) -> None:
        self._domains = domains
        self._pictures: OrderedDict[str, OrderedDict[str, str]] = OrderedDict()

    def is_generic(self, site: str, picture: str) -> bool:
        """Whether most of the pages that were last seen name `picture`; False while too few were seen."""
        pages = self._pictures.get(site)
        if pages is None or len(pages) < ENOUGH_PAGES:
            return False
        return sum(named == picture for named in pages.values()) > MOST * len(pages)

    def saw(self, site: str, picture: str, page: str) -> None:
        """Notes what `page` names now; an earlier word of the same page is replaced."""
        pages = self._pictures.setdefault(site, OrderedDict())
        self._pictures.move_to_end(site)
        pages[page] = picture
        pages.move_to_end(page)
        if len(pages) > PAGES:
            pages.popitem(last=False)
        if len(self._pictures) > self._domains:
            self._pictures.popitem(last=False)
