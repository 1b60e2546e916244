"""Where installed apps open the page: App Links (applinks.org), Twitter's app cards, Apple's banner."""

import re

from schedulers.metadata import clean
from schedulers.metadata.model import AppLink, Provenance
from schedulers.metadata.page import Page

_PLATFORMS = ("ios", "iphone", "ipad", "android", "windows_phone", "windows", "windows_universal", "web")
_TWITTER = ("iphone", "ipad", "googleplay")
_IDENTIFIERS = ("app_store_id", "package", "app_id")
_BANNER = re.compile(r"app-id\s*=\s*(\d{1,15})")
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]{1,60}):")
# What would run instead of open.
_REFUSED = frozenset(("javascript", "data", "vbscript", "file", "blob", "about"))


def read(page: Page) -> tuple[AppLink, ...]:
    found: dict[str, AppLink] = {}
    if any(key.startswith("al:") for key in page.meta):
        for platform in _PLATFORMS:
            _add(found, _app_link(page, platform))
    if any(key.startswith("twitter:app:") for key in page.meta):
        for device in _TWITTER:
            _add(found, _twitter(page, device))
    if banner := _one(page, "apple-itunes-app"):
        match = _BANNER.search(banner[:500])
        _add(found, AppLink("ios", None, match[1]) if match else None)
    if found:
        page.provenance["app_links"] = Provenance("app-links")
    return tuple(found.values())


def _add(found: dict[str, AppLink], link: AppLink | None) -> None:
    if link is not None and (link.url or link.app_id):
        found.setdefault(link.platform, link)


def _app_link(page: Page, platform: str) -> AppLink | None:
    identifier = next((value for key in _IDENTIFIERS if (value := _one(page, f"al:{platform}:{key}"))), None)
    url = _address(_one(page, f"al:{platform}:url"))
    name = _one(page, f"al:{platform}:app_name")
    return AppLink(platform, url, _identifier(identifier), clean.name(name) if name else None)


def _twitter(page: Page, device: str) -> AppLink:
    name = _one(page, f"twitter:app:name:{device}")
    return AppLink(
        "android" if device == "googleplay" else device,
        _address(_one(page, f"twitter:app:url:{device}")),
        _identifier(_one(page, f"twitter:app:id:{device}")),
        clean.name(name) if name else None,
    )


def _one(page: Page, key: str) -> str | None:
    values = page.meta.get(key)
    return values[0] if values else None


def _identifier(value: str | None) -> str | None:
    value = (value or "").strip()
    return value if re.fullmatch(r"[\w.-]{1,150}", value) else None


def _address(value: str | None) -> str | None:
    """An app's own scheme is wanted here, so everything passes that only opens."""
    value = (value or "").strip()
    match = _SCHEME.match(value.lower())
    if match is None or match[1] in _REFUSED or len(value) > 2_000 or not value.isprintable() or " " in value:
        return None
    return value
