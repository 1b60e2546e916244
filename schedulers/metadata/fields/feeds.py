"""The page's feeds, AMP version, object in the fediverse, and versions in other languages: all the alternates that its
head names."""

from schedulers.metadata import clean
from schedulers.metadata.addresses import site_of
from schedulers.metadata.fields.language import tag
from schedulers.metadata.model import AlternateLanguage, Feed, Provenance
from schedulers.metadata.page import HtmlPage

FEEDS = 20
LANGUAGES = 100

_TYPES = frozenset(
    ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "text/rss+xml")
)

# The second is what the specification asks for (ActivityPub, section 3.2), the first what servers write.
_ACTIVITY_TYPES = frozenset(
    ("application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')
)


def read(page: HtmlPage) -> tuple[Feed, ...]:
    found: dict[str, Feed] = {}
    for attributes in page.links.get("alternate", ()):
        kind = (attributes.get("type") or "").split(";", 1)[0].strip().lower()
        if kind in _TYPES and (url := page.absolute(attributes.get("href"))) and len(found) < FEEDS:
            title = attributes.get("title")
            found.setdefault(url, Feed(url, kind, clean.text(title) if title else None))
    if found:
        page.provenance["feeds"] = Provenance("link:alternate")
    return tuple(found.values())


def read_languages(page: HtmlPage) -> tuple[AlternateLanguage, ...]:
    """`rel=alternate hreflang=…`; `x-default` is kept as it is."""
    found: dict[str, AlternateLanguage] = {}
    for attributes in page.links.get("alternate", ()):
        declared = attributes.get("hreflang")
        if not declared or len(found) >= LANGUAGES:
            continue
        language = "x-default" if declared.strip().lower() == "x-default" else tag(declared)
        if language and (url := page.absolute(attributes.get("href"))):
            found.setdefault(language, AlternateLanguage(language, url))
    if found:
        page.provenance["alternates"] = Provenance("link:hreflang")
    return tuple(found.values())


def read_activity_pub(page: HtmlPage) -> str | None:
    """The page's object in the fediverse; None where it names none. Writes the provenance of `activity_pub_url`."""
    for attributes in page.links.get("alternate", ()):
        kind = (attributes.get("type") or "").strip().lower()
        if kind in _ACTIVITY_TYPES and (url := page.absolute(attributes.get("href"))):
            page.provenance["activity_pub_url"] = Provenance("link:alternate")
            return url
    return None


def read_amp(page: HtmlPage) -> str | None:
    """The AMP version, on the same site or in the AMP project's cache."""
    for attributes in page.links.get("amphtml", ())[:1]:
        url = page.absolute(attributes.get("href"))
        if url and (site_of(url) == page.site or ".cdn.ampproject.org/" in url):
            page.provenance["amp_url"] = Provenance("link:amphtml")
            return url
    return None
