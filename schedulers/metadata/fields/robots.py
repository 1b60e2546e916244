"""What search engines and previews may show: the strictest of `<meta name=robots>` and `X-Robots-Tag`.

Directives as Google documents them (developers.google.com/search/docs/crawling-indexing/robots-meta-tag).
"""

from schedulers.metadata import dates
from schedulers.metadata.model import Robots
from schedulers.metadata.page import Page

_FLAGS = frozenset(("noindex", "nofollow", "noarchive", "nosnippet", "noimageindex", "notranslate"))
_PREVIEWS = ("none", "standard", "large")
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")


def read(page: Page, product: str = "spiderduck") -> Robots | None:
    """The directives that hold for everyone, and those addressed to `product`; `None` where nothing is restricted."""
    found: dict[str, object] = {}
    for name in ("robots", product):
        for value in page.meta.get(name, ())[:10]:
            _add(value, found)
    for value in page.headers.get("x-robots-tag", ())[:10]:
        _add(_addressed(value, product), found)
    return Robots(**found) if found else None  # type: ignore[arg-type]


def _addressed(value: str, product: str) -> str:
    """A header's directives without those for another crawler (`googlebot: noindex`)."""
    agent, colon, rest = value.partition(":")
    name = agent.strip().lower()
    if not colon or name in _VALUED or "," in name or " " in name:
        return value
    return rest if name in (product, "*") else ""


def _add(value: str, found: dict[str, object]) -> None:
    lowered = value.lower()
    if "unavailable_after" in lowered:
        value = _take_date(value, lowered, found)
    for directive in value.lower().split(","):
        name, _, argument = directive.strip().partition(":")
        name, argument = name.strip(), argument.strip()
        if name in _FLAGS:
            found[name] = True
        elif name == "none":
            found["noindex"] = found["nofollow"] = True
        elif name in ("max-snippet", "max-video-preview"):
            _limit(name.replace("-", "_"), argument, found)
        elif name == "max-image-preview" and argument in _PREVIEWS:
            _preview(argument, found)


def _take_date(value: str, lowered: str, found: dict[str, object]) -> str:
    """The date may hold commas (RFC 822), so it is taken to the end of the value."""
    start = lowered.index("unavailable_after")
    moment = dates.iso(value[start + len("unavailable_after") :].lstrip(" :"))
    if moment is not None:
        found["unavailable_after"] = min(moment, str(found.get("unavailable_after", moment)))
    return value[:start]


def _limit(name: str, argument: str, found: dict[str, object]) -> None:
    """-1 means no limit."""
    if not argument.lstrip("-").isdecimal() or len(argument) > 9:
        return
    number, old = int(argument), found.get(name)
    if number >= 0:
        found[name] = min(number, old) if isinstance(old, int) else number


def _preview(argument: str, found: dict[str, object]) -> None:
    old = found.get("max_image_preview")
    if old is None or _PREVIEWS.index(argument) < _PREVIEWS.index(str(old)):
        found["max_image_preview"] = argument
