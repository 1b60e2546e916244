"""The site's small pictures: the favicon for a tab, the touch icon for a home screen; the best declared size of each."""

import re

from schedulers.metadata.addresses import absolute
from schedulers.metadata.model import Alternative, Icon, Provenance
from schedulers.metadata.page import Attributes, Page

# Shown at 16 to 32 points on dense screens: the smallest icon of at least this side, else the largest.
WANTED = 64
_SIZE = re.compile(r"(\d{1,5})\s*[x×]\s*(\d{1,5})", re.IGNORECASE)
_FAVICON = ("icon",)
_TOUCH = ("apple-touch-icon", "apple-touch-icon-precomposed", "fluid-icon")
_ICON_LIMIT = 30


def read(page: Page) -> Icon | None:
    """The best of `rel=icon`; every site may keep one at /favicon.ico without saying so."""
    found = _best(page, _FAVICON, WANTED, "icon")
    if found is None and (url := absolute("/favicon.ico", page.url)):
        page.provenance["icon"] = Provenance("well-known:favicon.ico")
        return Icon(url)
    return found


def read_touch(page: Page) -> Icon | None:
    return _best(page, _TOUCH, 180, "touch_icon")


def _best(page: Page, rels: tuple[str, ...], wanted: int, field: str) -> Icon | None:
    offers = [
        (rel, icon)
        for rel in rels
        for attributes in page.links.get(rel, ())[:_ICON_LIMIT]
        if (icon := _icon(page, attributes))
    ]
    if not offers:
        return None
    offers.sort(key=lambda offer: _distance(offer[1], wanted))
    others = {icon.url: rel for rel, icon in offers[1:]}
    others.pop(offers[0][1].url, None)
    page.provenance[field] = Provenance(offers[0][0], tuple(Alternative(r, u) for u, r in list(others.items())[:6]))
    return offers[0][1]


def _icon(page: Page, attributes: Attributes) -> Icon | None:
    url = absolute(attributes.get("href"), page.base)
    if url is None:
        return None
    sizes = [max(int(w), int(h)) for w, h in _SIZE.findall((attributes.get("sizes") or "")[:200])]
    vector = (attributes.get("sizes") or "").strip().lower() == "any" or url.split("?", 1)[0].endswith(".svg")
    return Icon(url, 0 if vector else max(sizes, default=None), attributes.get("type") or None)


def _distance(icon: Icon, wanted: int) -> tuple[int, int]:
    """Raster at least as large as wanted first (nearest), then vectors, then smaller, then unknown sizes."""
    size = icon.size
    if size is None:
        return (3, 0)
    if size == 0:
        return (1, 0)
    return (0, size - wanted) if size >= wanted else (2, wanted - size)
