"""What the site calls itself, and every name it is known by (for taking it off a `<title>`)."""

from schedulers.metadata import clean
from schedulers.metadata.addresses import host
from schedulers.metadata.ladder import Ladder, in_graph, in_page, meta
from schedulers.metadata.page import Page


def read(page: Page) -> str | None:
    return LADDER.climb(page, clean.name, "site_name")


def known(page: Page) -> frozenset[str]:
    """The folded names of the site, from every rule that offers one."""
    names = {clean.fold(value) for rule in (*LADDER, *_NAMES) if (value := rule.read(page))}
    return frozenset(name for name in names if name)


LADDER = Ladder(
    # On a hosting platform og:site_name names the platform, the article's publisher the publication.
    in_graph("json-ld:publisher", lambda graph: graph.text(graph.article, "publisher")),
    *meta("og:site_name"),
    in_graph("json-ld:page-publisher", lambda graph: graph.text(graph.page, "publisher")),
    in_graph("json-ld:website", lambda graph: graph.text(graph.of("WebSite"), "name")),
    *meta("dc:publisher", "citation_publisher", "citation_journal_title", "parsely-site", "sailthru:site"),
    *meta("application-name", "apple-mobile-web-app-title", "al:ios:app_name", "al:android:app_name"),
    in_graph("json-ld:organization", lambda graph: graph.text(graph.site, "name")),
)

# Names good enough to recognise the site in a title, not good enough to be shown.
_NAMES = Ladder(
    *meta("twitter:site", "publisher", "author", "copyright"),
    in_page("host", lambda page: host(page.url).removeprefix("www.")),
)
