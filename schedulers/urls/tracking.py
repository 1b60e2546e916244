"""Which query parameters only say where a visitor came from (`tracking.toml`). For `normalise.py` and `clean.py`."""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec

from fetchers.urls import registrable_domain


class _Names(NamedTuple):
    """Lower case; `prefixes` are the names that end in `*`."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]

    def holds(self, name: str) -> bool:
        name = name.lower()
        return name in self.exact or name.startswith(self.prefixes)


def tracking_of(authority: str) -> Callable[[str], bool]:
    """The test of a parameter's name on the site of `authority` (`https://user@www.example.com:81`)."""
    everywhere, sites = _groups()
    site = _site(authority)
    return sites.get(site, everywhere).holds


@lru_cache(maxsize=4096)
def _site(authority: str) -> str:
    host = authority.partition("://")[2].rpartition("@")[2]
    return registrable_domain(host if host.endswith("]") else host.partition(":")[0])


@cache
def _groups() -> tuple[_Names, dict[str, _Names]]:
    """The names of every site, and for sites that have more of their own both together. Read when first asked for."""
    content = resources.files("schedulers.urls").joinpath("tracking.toml").read_bytes()
    groups: list[dict[str, Any]] = msgspec.toml.decode(content)["group"]
    common = [name for group in groups if "sites" not in group for name in group["names"]]
    sites: dict[str, list[str]] = {}
    for group in groups:
        for site in group.get("sites", ()):
            sites.setdefault(site, []).extend(group["names"])
    return _names(common), {site: _names(common + own) for site, own in sites.items()}


def _names(listed: list[str]) -> _Names:
    exact = frozenset(name.lower() for name in listed if not name.endswith("*"))
    return _Names(exact, tuple(name[:-1].lower() for name in listed if name.endswith("*")))
