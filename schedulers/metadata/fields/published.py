"""When the page was first published and last changed, as ISO 8601 with the offset where the page gives one."""

import re

from schedulers.metadata import dates
from schedulers.metadata.items import MICRODATA, RDFA, Syntax
from schedulers.metadata.ladder import Ladder, Rule, in_body, in_graph, meta
from schedulers.metadata.page import HtmlPage
from schedulers.urls.canonical import is_home

_DAY_IN_PATH = re.compile(r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?=[/.-])")


def read(page: HtmlPage) -> str | None:
    return PUBLISHED.climb(page, dates.iso, "published_at")


def read_modified(page: HtmlPage) -> str | None:
    return MODIFIED.climb(page, dates.iso, "modified_at")


def _json_ld(key: str) -> Rule:
    return in_graph(f"json-ld:{key}", lambda graph: graph.text(graph.subject or graph.page, key))


def _in_items(key: str) -> tuple[Rule, Rule]:
    return (
        in_body(f"microdata:{key}", lambda page: page.items.text(key)),
        in_body(f"rdfa:{key}", lambda page: page.items.text(key, RDFA)),
    )


def _in_url(url: str) -> str | None:
    """The day in a path (`/2026/05/04/a-story`)."""
    found = _DAY_IN_PATH.search(url)
    return None if found is None else "-".join(found.groups())


def _modified(page: HtmlPage, syntax: Syntax) -> str | None:
    """Only where the first date stood in the body too, or nowhere: a page keeps its dates in one place."""
    published = page.provenance.get("published_at")
    if published and not published.rule.startswith(("microdata:", "rdfa:")):
        return None
    return page.items.text("dateModified", syntax)


PUBLISHED = Ladder(
    _json_ld("datePublished"),
    *meta("article:published_time", "article:published", "og:published_time", "og:article:published_time"),
    _json_ld("uploadDate"),
    *meta("citation_publication_date", "citation_online_date", "citation_date", "parsely-pub-date", "sailthru:date"),
    *meta("dcterms:issued", "dcterms:created", "dc:date:issued", "dc:date:created", "dc:date", "dcterms:date"),
    *meta(
        *("datepublished", "publish-date", "publish_date", "publishdate", "pubdate", "pdate"),
        *("cxenseparse:publishtime", "cxenseparse:recs:publishtime"),
    ),
    *meta("date", "article:created", "created", "rnews:datepublished", "bt:pubdate", "video:release_date"),
    _json_ld("dateCreated"),
    *meta("itemprop:datepublished"),
    *_in_items("datePublished"),
    in_body("time", lambda page: page.body.published_time),
    in_body("only-time", lambda page: page.body.only_time),
    in_body("dated-element", lambda page: page.body.dated_element),
    in_body("url", lambda page: _in_url(page.url)),  # no walk, but asked only where nothing else tells
    in_body("dated-line", lambda page: None if is_home(page.url) else page.body.dated_line),
)

MODIFIED = Ladder(
    _json_ld("dateModified"),
    *meta("article:modified_time", "article:modified", "og:updated_time", "og:article:modified_time"),
    *meta("dcterms:modified", "dc:date:modified", "citation_lastmod", "last-modified", "lastmod", "datemodified"),
    *meta("rnews:datemodified", "revised", "itemprop:datemodified", "http-equiv:last-modified"),
    in_body("microdata:dateModified", lambda page: _modified(page, MICRODATA)),
    in_body("rdfa:dateModified", lambda page: _modified(page, RDFA)),
)
