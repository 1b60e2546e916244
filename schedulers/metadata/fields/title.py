"""The page's title. An article's own headline is believed before what was written for sharing, because the latter often
carries the site's name; `<title>` comes late and loses the site's name only when that is known to be one.
"""

import re
from collections.abc import Callable
from difflib import SequenceMatcher

from schedulers.metadata import clean
from schedulers.metadata.addresses import host
from schedulers.metadata.fields import site_name
from schedulers.metadata.items import RDFA
from schedulers.metadata.json_ld import Graph
from schedulers.metadata.ladder import Ladder, Rule, Source, in_body, in_graph, in_page, meta
from schedulers.metadata.page import Page

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«›‹\\/:~⋅]+\s+|\s*\|\s*|:\s+|\s*::\s*")
# `headline` and `name` of one article seldom differ; where they do, the one that `<title>` repeats is meant.
_SAME = 0.75
_FEW_WORDS = 5
TITLE_ELEMENT = "title"


def read(page: Page) -> str | None:
    title = LADDER.climb(page, clean.title, "title")
    if title is None or page.provenance["title"].rule != TITLE_ELEMENT:
        return title
    without = without_site(title, lambda: site_name.known(page), host(page.url))
    return without if without != title else _as_heading(title, page)


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


def without_site(title: str, names: Callable[[], frozenset[str]], page_host: str) -> str:
    """`title` without its first or last part where that part is a name of the site, or spells out its host."""
    parts = list(_SEPARATOR.finditer(title))
    if not parts:
        return title
    known = names()
    head, tail = title[: parts[0].start()], title[parts[-1].end() :]
    if _is_site(tail, known, page_host):
        return title[: parts[-1].start()].rstrip() or title
    if _is_site(head, known, page_host):
        return title[parts[0].end() :].lstrip() or title
    return title


def _as_heading(title: str, page: Page) -> str:
    """`title` without its last part where `<h1>` is all the rest: that part is then no part of the headline.

    Not for a heading of a few words, which says little about its page (`Mozilla - Wikipedia`).
    """
    parts = list(_SEPARATOR.finditer(title))
    if not parts or len((rest := title[: parts[-1].start()]).split()) < _FEW_WORDS:
        return title
    return rest if clean.fold(rest) == clean.fold(page.body.h1 or "") else title


def _is_site(part: str, names: frozenset[str], page_host: str) -> bool:
    """Whether a part of a title is a known name, or the host's labels run together (`nicolas.perriault.net`)."""
    folded = clean.fold(part)
    if len(folded) < 2 or folded in names:
        return len(folded) >= 2
    labels = page_host.removeprefix("www.").replace("-", "").split(".")
    if folded not in "".join(labels):
        return False
    runs = range(len(labels))
    spelled = {"".join(labels[start : end + 1]) for start in runs for end in runs[start:]}
    # A short single label (`en`, `m`, `blog`) is a section of the site at most.
    return folded in spelled and (len(folded) > 4 or folded == labels[max(0, len(labels) - 2)])


LADDER = Ladder(
    Rule("json-ld:headline", Source.GRAPH, _headline),
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
