"""The site's small pictures: favicon (a tab) and touch icon (a home screen), the best declared size of each."""

import re
from functools import lru_cache
from operator import itemgetter

from schedulers.metadata import clean
from schedulers.metadata.addresses import URL_LIMIT, absolute
from schedulers.metadata.model import Alternative, Icon, Provenance
from schedulers.metadata.page import Attributes, HtmlPage

# Shown at 16 to 32 points on dense screens: the smallest icon of at least this side, else the largest.
WANTED = 64
_SIZE = re.compile(r"(\d{1,5})\s*[x×]\s*(\d{1,5})", re.IGNORECASE)
_FAVICON = ("icon",)
_TOUCH = ("apple-touch-icon", "apple-touch-icon-precomposed", "fluid-icon")
_ICON_LIMIT = 30
_ALTERNATIVES = 3


def read(page: HtmlPage) -> Icon | None:
    """The best of `rel=icon`; every site may keep one at /favicon.ico without saying so."""
    found = _best(page, _FAVICON, WANTED, "icon")
    if found is None and (url := absolute("/favicon.ico", page.url)):
        page.provenance["icon"] = Provenance("well-known:favicon.ico")
        return Icon(url)
    return found


def read_touch(page: HtmlPage) -> Icon | None:
    return _best(page, _TOUCH, 180, "touch_icon")


def _best(page: HtmlPage, rels: tuple[str, ...], wanted: int, field: str) -> Icon | None:
    if len(rels) == 1 and rels[0] not in page.links:
        return None
    offers = [
        (_distance(side := _side(attributes), wanted), side, rel, attributes)
        for rel in rels
        for attributes in page.links.get(rel, ())[:_ICON_LIMIT]
    ]
    if len(offers) > 1:
        offers.sort(key=itemgetter(0))
    rule, best = "", None
    others: list[Alternative] = []
    for _, side, rel, attributes in offers:
        if best is None and (url := page.absolute(attributes.get("href"))):
            rule, best = rel, Icon(url, side, clean.media_type(attributes.get("type")))
        elif best is not None and len(others) < _ALTERNATIVES:
            others.append(Alternative(rel, (attributes.get("href") or "")[:URL_LIMIT]))
    if best is not None:
        page.provenance[field] = Provenance(rule, tuple(others))
    return best


def _side(attributes: Attributes) -> int | None:
    """The largest declared side; 0 for a vector, `None` where nothing is declared."""
    if (attributes.get("href") or "").partition("?")[0].endswith(".svg"):
        return 0
    declared = attributes.get("sizes")
    return _largest(declared[:200]) if declared else None


@lru_cache(maxsize=512)
def _largest(declared: str) -> int | None:
    """Of `32x32 64x64`; the same few hundred stand in all pages."""
    if declared.strip().lower() == "any":
        return 0
    if declared.isspace():
        return None
    width, _, height = declared.split(None, 1)[0].lower().partition("x")
    if " " in declared.strip() or not (width.isdecimal() and height.isdecimal() and len(declared) < 12):
        return max((max(int(w), int(h)) for w, h in _SIZE.findall(declared)), default=None)
    return max(int(width), int(height))


def _distance(size: int | None, wanted: int) -> tuple[int, int]:
    """Raster at least as large as wanted first (nearest), then vectors, then smaller, then unknown sizes."""
    if size is None:
        return (3, 0)
    if size == 0:
        return (1, 0)
    return (0, size - wanted) if size >= wanted else (2, wanted - size)
