"""The page's title. An article's own headline is believed before what was written for sharing, because the latter often
carries the site's name; `<title>` comes late and loses the site's name only when that is known to be one.
"""

import re
from difflib import SequenceMatcher

from schedulers.metadata import clean
from schedulers.metadata.addresses import host
from schedulers.metadata.fields import site_name
from schedulers.metadata.items import RDFA
from schedulers.metadata.json_ld import Graph
from schedulers.metadata.ladder import Ladder, in_body, in_graph, in_page, meta
from schedulers.metadata.page import Page

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«›‹\\/:~⋅]+\s+|\s*\|\s*|:\s+|\s*::\s*")
# `headline` and `name` of one article seldom differ; where they do, the one that `<title>` repeats is meant.
_SAME = 0.75
_FEW_WORDS = 5
TITLE_ELEMENT = "title"


def read(page: Page, author: str | None = None) -> str | None:
    title = LADDER.climb(page, clean.title, "title")
    if title is None or page.provenance["title"].rule != TITLE_ELEMENT or not _SEPARATOR.search(title):
        return title
    without = without_site(title, site_name.known(page), (host(page.url),))
    return without if without != title else _without_likely(title, page, author)


def _headline(page: Page) -> str | None:
    graph = page.graph
    if graph is None:
        return None
    headline, name = graph.text(graph.article, "headline"), graph.text(graph.article, "name")
    if headline and name and headline != name and page.title:
        like_name, like_headline = _alike(name, page.title), _alike(headline, page.title)
        if like_name > _SAME >= like_headline:
            return name
    return headline or name


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:300].lower(), other.strip()[:300].lower()).ratio()


def _subject(graph: Graph) -> str | None:
    return graph.text(graph.subject, "name") if graph.subject is not graph.article else None


def without_site(title: str, names: frozenset[str], hosts: tuple[str, ...]) -> str:
    """`title` without its first or last part where that part is a name of the site, or spells out a host."""
    parts = list(_SEPARATOR.finditer(title))
    if not parts:
        return title
    head, tail = title[: parts[0].start()], title[parts[-1].end() :]
    if _is_site(tail, names, hosts):
        return title[: parts[-1].start()].rstrip() or title
    if _is_site(head, names, hosts):
        return title[parts[0].end() :].lstrip() or title
    return title


def _without_likely(title: str, page: Page, author: str | None) -> str:
    """`title` without a part that is likely the site's name, or that `<h1>` leaves out: it is no part of the headline.

    Not for a rest of a few words, which says little about its page (`Mozilla - Wikipedia`).
    """
    parts = list(_SEPARATOR.finditer(title))
    for rest in (title[: parts[-1].start()].rstrip(), title[parts[0].end() :].lstrip()):
        if len(rest.split()) >= _FEW_WORDS and clean.fold(rest) == clean.fold(page.body.h1 or ""):
            return rest
    without = without_site(title, site_name.likely(page, author), site_name.hosts(page))
    return without if len(without.split()) >= _FEW_WORDS else title


def _is_site(part: str, names: frozenset[str], hosts: tuple[str, ...]) -> bool:
    """Whether a part of a title is a known name, or a host's labels run together (`nicolas.perriault.net`)."""
    folded = clean.fold(part)
    return len(folded) >= 2 and (folded in names or any(_spells(folded, one) for one in hosts))


def _spells(folded: str, one_host: str) -> bool:
    labels = one_host.removeprefix("www.").replace("-", "").split(".")
    if folded not in "".join(labels):
        return False
    runs = range(len(labels))
    spelled = {"".join(labels[start : end + 1]) for start in runs for end in runs[start:]}
    # A short single label (`en`, `m`, `blog`) is a section of the site at most.
    return folded in spelled and (len(folded) > 4 or folded == labels[max(0, len(labels) - 2)])


LADDER = Ladder(
    in_page("json-ld:headline", _headline),
    *meta("dc:title", "dcterms:title", "dcterm:title", "citation_title"),
    *meta("og:title", "weibo:article:title", "weibo:webpage:title"),
    in_graph("json-ld:name", _subject),
    *meta("twitter:title", "parsely-title", "sailthru:title", "title", "headline"),
    in_body("microdata:headline", lambda page: page.items.text("headline")),
    in_body("rdfa:headline", lambda page: page.items.text("headline", RDFA)),
    in_page(TITLE_ELEMENT, lambda page: page.title),
    in_graph("json-ld:page", lambda graph: graph.text(graph.page, "name")),
    in_body("h1", lambda page: page.body.h1),
)
