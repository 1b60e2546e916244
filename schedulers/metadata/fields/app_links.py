"""Where installed apps open the page: App Links (applinks.org), Twitter's app cards, Apple's banner."""

import re

from schedulers.metadata import clean
from schedulers.metadata.model import AppLink, Provenance
from schedulers.metadata.page import HtmlPage

_PREFIXES = ("al:", "twitter:app:")
_PLATFORMS = frozenset(("ios", "iphone", "ipad", "android", "windows_phone", "windows", "windows_universal", "web"))
_DEVICES = {"iphone": "iphone", "ipad": "ipad", "googleplay": "android"}
_PROPERTIES = {"url": "url", "app_store_id": "id", "package": "id", "app_id": "id", "app_name": "name"}
# Every key that is read here: an ordinary page is done after one comparison of sets.
_ANY = frozenset(
    {"apple-itunes-app"}
    | {f"al:{platform}:{name}" for platform in _PLATFORMS for name in _PROPERTIES}
    | {f"twitter:app:{name}:{device}" for name in ("id", "url", "name") for device in _DEVICES}
)
_BANNER = re.compile(r"app-id\s*=\s*(\d{1,15})")
_IDENTIFIER = re.compile(r"[\w.-]{1,150}")
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]{1,60}):")
# What would run instead of open.
_REFUSED = frozenset(("javascript", "data", "vbscript", "file", "blob", "about"))


def read(page: HtmlPage) -> tuple[AppLink, ...]:
    if _ANY.isdisjoint(page.meta):
        return ()
    given: dict[str, dict[str, str]] = {}
    for key in [key for key in page.meta if key.startswith(_PREFIXES)]:
        platform, name = _app_link(key) if key[0] == "a" else _twitter(key)
        if platform and name:
            given.setdefault(platform, {}).setdefault(name, page.meta[key][0])
    if banner := page.meta.get("apple-itunes-app"):
        match = _BANNER.search(banner[0][:500])
        given.setdefault("ios", {}).setdefault("id", match[1] if match else "")
    links = [_link(platform, properties) for platform, properties in given.items()]
    found = tuple(link for link in links if link.url or link.app_id)
    if found:
        page.provenance["app_links"] = Provenance("app-links")
    return found


def _app_link(key: str) -> tuple[str | None, str | None]:
    """`al:ios:app_store_id` → ("ios", "id")."""
    _, _, rest = key.partition(":")
    platform, _, name = rest.partition(":")
    return platform if platform in _PLATFORMS else None, _PROPERTIES.get(name)


def _twitter(key: str) -> tuple[str | None, str | None]:
    """`twitter:app:id:googleplay` → ("android", "id")."""
    name, _, device = key.removeprefix("twitter:app:").partition(":")
    return _DEVICES.get(device), name if name in ("id", "url", "name") else None


def _link(platform: str, properties: dict[str, str]) -> AppLink:
    name = properties.get("name")
    return AppLink(
        platform, _address(properties.get("url")), _identifier(properties.get("id")), clean.name(name) if name else None
    )


def _identifier(value: str | None) -> str | None:
    value = (value or "").strip()
    return value if _IDENTIFIER.fullmatch(value) else None


def _address(value: str | None) -> str | None:
    """An app's own scheme is wanted here, so everything passes that only opens."""
    value = (value or "").strip()
    match = _SCHEME.match(value.lower())
    if match is None or match[1] in _REFUSED or len(value) > 2_000 or not value.isprintable() or " " in value:
        return None
    return value
