"""The URL by which the page wants to be known, of every place where it may say so; `schedulers.urls` tells which claims
are to be believed.
"""

from schedulers.metadata.ladder import Ladder, in_graph, in_page, meta
from schedulers.metadata.page import HtmlPage
from schedulers.urls.canonical import accepted_canonical


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, lambda value: _accepted(value, page), "canonical_url")


def _accepted(value: str, page: HtmlPage) -> str | None:
    """`value` as an absolute URL where this page may claim it; most pages name themselves."""
    url = page.absolute(value)
    if url is None or (url == page.url and "#" not in url):
        return url
    return accepted_canonical(url, page.url)


def _link(page: HtmlPage) -> str | None:
    links = page.links.get("canonical")
    return links[0].get("href") if links else None


def _header(page: HtmlPage) -> str | None:
    """RFC 6596 allows `Link: <…>; rel="canonical"`, the only place where a PDF or a picture can say it."""
    return page.link_headers.get("canonical")


def _identifier(page: HtmlPage) -> str | None:
    """Dublin Core's identifier may be an ISSN or a number; only an address is one of the page."""
    return next(
        (one for one in page.meta.get("dc:identifier", ())[:5] if one.startswith(("http://", "https://"))), None
    )


LADDER = Ladder(
    in_page("link:canonical", _link),
    in_page("header:canonical", _header),
    *meta("og:url"),
    in_graph("json-ld:url", lambda graph: graph.text(graph.subject, "url")),
    *meta("twitter:url", "parsely-link"),
    in_page("dc:identifier", _identifier),
)
