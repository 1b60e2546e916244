"""Where the page's oEmbed answer lies: announced in its head, or known from the providers' list of oembed.com.

The list travels in the package `micawber` and is read when the first page without an announcement asks. An announced
address counts on the page's own site or at a listed provider; anyone else could announce anything.
"""

import re
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from fetchers.urls import registrable_domain
from schedulers.metadata.addresses import host, site_of
from schedulers.metadata.model import OEmbed, Provenance
from schedulers.metadata.page import HtmlPage

_TYPES = (("application/json+oembed", "json"), ("text/json+oembed", "json"))
_XML_TYPES = (("text/xml+oembed", "xml"), ("application/xml+oembed", "xml"))


class _Endpoint(NamedTuple):
    provider: str
    url: str
    schemes: tuple[str, ...]


def read(page: HtmlPage) -> OEmbed | None:
    return _announced(page) or _known(page)


def _announced(page: HtmlPage) -> OEmbed | None:
    links = [one for one in page.links.get("alternate", ())[:100] if "oembed" in (one.get("type") or "").lower()]
    for media_type, form in (*_TYPES, *_XML_TYPES) if links else ():
        for attributes in links:
            if (attributes.get("type") or "").strip().lower() != media_type:
                continue
            url = page.absolute(attributes.get("href"))
            if url is not None and (site_of(url) == page.site or site_of(url) in _providers()):
                page.provenance["oembed"] = Provenance("link:oembed")
                return OEmbed(url, form)
    return None


def _known(page: HtmlPage) -> OEmbed | None:
    found = _listed(page.url, page.site)
    if found is not None:
        page.provenance["oembed"] = Provenance("provider-list")
    return found


def endpoint_of(url: str) -> OEmbed | None:
    """Where a listed provider tells of the page at `url`; None where none is listed for it."""
    return _listed(url, site_of(url))


def _listed(url: str, site: str) -> OEmbed | None:
    for endpoint in _providers().get(site, ()):
        if any(_pattern(scheme).match(url) for scheme in endpoint.schemes):
            address = endpoint.url.replace("{format}", "json")
            joint = "&" if "?" in address else "?"
            return OEmbed(f"{address}{joint}format=json&url={quote(url, safe='')}", "json", endpoint.provider)
    return None


def _providers_file() -> Path:
    """The list in the package, found without importing it: that loads an HTML parser for a third of a second."""
    spec = find_spec("micawber")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package micawber, which carries the list of oEmbed providers, is not installed")
    return Path(spec.submodule_search_locations[0]) / "providers.json"


@cache
def _providers() -> dict[str, tuple[_Endpoint, ...]]:
    """Registrable domain of a scheme or an endpoint → the endpoints that answer for it."""
    found: dict[str, list[_Endpoint]] = {}
    for provider in msgspec.json.decode(_providers_file().read_bytes()):
        for listed in provider.get("endpoints", ()):
            schemes = [scheme for scheme in listed.get("schemes", ()) if scheme.startswith(("http://", "https://"))]
            endpoint = _Endpoint(provider["provider_name"], listed["url"], tuple(schemes))
            for address in (listed["url"], *schemes):
                domain = registrable_domain(host(address).removeprefix("*."))
                if domain and "*" not in domain and endpoint not in found.setdefault(domain, []):
                    found[domain].append(endpoint)
    return {domain: tuple(endpoints) for domain, endpoints in found.items()}


@lru_cache(maxsize=512)
def _pattern(scheme: str) -> re.Pattern[str]:
    """A scheme's `*` stands for anything; http and https are one place for a page."""
    rest = scheme.partition("://")[2]
    return re.compile("https?://" + ".{0,500}".join(re.escape(part) for part in re.sub(r"\*+", "*", rest).split("*")))
