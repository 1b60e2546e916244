"""The URL by which the page wants to be known. It counts only on the page's own registrable domain, never as a junk
value, and never as the home page of a deep link: nobody may claim another's page, and no page gives itself up.
"""

from schedulers.metadata.addresses import site_of
from schedulers.metadata.ladder import Ladder, Rule, climb, meta
from schedulers.metadata.page import Page


def read(page: Page) -> str | None:
    return climb(LADDER, page, lambda value: accepted(value, page), "canonical_url")


def accepted(value: str, page: Page) -> str | None:
    """`value` as an absolute URL where this page may claim it."""
    url = page.absolute(value)
    if url is None or (url != page.url and site_of(url) != page.site):
        return None
    url = url.partition("#")[0] if "#!" not in url else url
    return None if _is_home(url) and not _is_home(page.url) else url


def _is_home(url: str) -> bool:
    path = url.partition("://")[2].partition("/")[2]
    return not path or (path.startswith("#") and not path.startswith("#!"))


def _link(page: Page) -> str | None:
    links = page.links.get("canonical")
    return links[0].get("href") if links else None


def _header(page: Page) -> str | None:
    """RFC 6596 allows `Link: <…>; rel="canonical"`, the only place where a PDF or a picture can say it."""
    return page.link_headers.get("canonical")


LADDER: Ladder = (
    Rule("link:canonical", _link),
    Rule("header:canonical", _header),
    *meta("og:url"),
    Rule("json-ld:url", lambda page: page.json_ld.text(page.json_ld.subject, "url")),
    *meta("twitter:url", "parsely-link", "dc:identifier"),
)
