"""The section of the site that the page belongs to, and its tags."""

from collections.abc import Callable, Iterable

from schedulers.metadata import clean
from schedulers.metadata.ladder import Ladder, in_graph, meta
from schedulers.metadata.model import Alternative, Provenance
from schedulers.metadata.page import HtmlPage

TAGS = 30
TAG_LENGTH = 60


def read_section(page: HtmlPage) -> str | None:
    return SECTION.climb(page, clean.name, "section")


def read(page: HtmlPage) -> tuple[str, ...]:
    """The tags of the first rule that has any; a comma parts them where one value holds several."""
    won: tuple[str, ...] = ()
    winner = ""
    others: list[Alternative] = []
    for rule, offered in TAG_RULES:
        tags = _tags(offered(page))
        if tags and not won:
            won, winner = tags, rule
        elif tags:
            others.append(Alternative(rule, ", ".join(tags)[:300]))
    if won:
        page.provenance["tags"] = Provenance(winner, tuple(others))
    return won


def _tags(values: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for value in values:
        for part in value[:5_000].strip("[]").split(","):
            tag = clean.text(part.strip(" \"'"), TAG_LENGTH + 1) if len(found) < TAGS else None
            if tag and len(tag) <= TAG_LENGTH:
                found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def _meta(*keys: str) -> Callable[[HtmlPage], Iterable[str]]:
    return lambda page: (value for key in keys for value in page.meta.get(key, ()))


def _json_ld(page: HtmlPage) -> Iterable[str]:
    return page.graph.texts(page.graph.subject, "keywords") if page.graph is not None else ()


SECTION = Ladder(
    *meta("article:section"),
    in_graph("json-ld:articleSection", lambda graph: graph.text(graph.article, "articleSection")),
    *meta("parsely-section", "sailthru:section", "section", "category", "dc:subject:section"),
)

TAG_RULES: tuple[tuple[str, Callable[[HtmlPage], Iterable[str]]], ...] = (
    ("article:tag", _meta("article:tag", "og:article:tag", "og:video:tag", "video:tag", "book:tag")),
    ("json-ld:keywords", _json_ld),
    ("keywords", _meta("keywords", "news_keywords")),
    ("parsely-tags", _meta("parsely-tags", "sailthru:tags", "citation_keywords", "dc:subject", "dcterms:subject")),
)
