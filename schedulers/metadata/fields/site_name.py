"""What the site calls itself, and every name it is known by (for taking it off a `<title>`)."""

from schedulers.metadata import clean
from schedulers.metadata.addresses import host
from schedulers.metadata.ladder import Ladder, Rule, climb, meta
from schedulers.metadata.page import Page


def read(page: Page) -> str | None:
    return climb(LADDER, page, clean.name, "site_name")


def known(page: Page) -> frozenset[str]:
    """The folded names of the site, from every rule that offers one."""
    names = {clean.fold(value) for rule in (*LADDER, *_NAMES) if (value := rule.read(page))}
    return frozenset(name for name in names if name)


def _publisher(page: Page) -> str | None:
    graph = page.json_ld
    return graph.text(graph.article, "publisher")


def _page_publisher(page: Page) -> str | None:
    graph = page.json_ld
    return graph.text(graph.page, "publisher")


def _site(page: Page) -> str | None:
    graph = page.json_ld
    return graph.text(graph.of("WebSite"), "name")


def _organization(page: Page) -> str | None:
    graph = page.json_ld
    return graph.text(graph.site, "name")


LADDER: Ladder = (
    # On a hosting platform og:site_name names the platform, the article's publisher the publication.
    Rule("json-ld:publisher", _publisher),
    *meta("og:site_name"),
    Rule("json-ld:page-publisher", _page_publisher),
    Rule("json-ld:website", _site),
    *meta("dc:publisher", "citation_publisher", "citation_journal_title", "parsely-site", "sailthru:site"),
    *meta("application-name", "apple-mobile-web-app-title", "al:ios:app_name", "al:android:app_name"),
    Rule("json-ld:organization", _organization),
)

# Names good enough to recognise the site in a title, not good enough to be shown.
_NAMES: Ladder = (
    *meta("twitter:site", "publisher", "author", "copyright"),
    Rule("host", lambda page: host(page.url).removeprefix("www.")),
)
