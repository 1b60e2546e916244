"""Who wrote the page: one line for display, and every name."""

import re

from schedulers.metadata import clean
from schedulers.metadata.items import RDFA
from schedulers.metadata.json_ld import Graph
from schedulers.metadata.ladder import Ladder, in_body, in_graph, meta
from schedulers.metadata.page import Page

AUTHORS = 20
JSON_LD = "json-ld:author"

_BY = re.compile(
    r"^\s*(?:(?:written|posted|published|von|par|por)\s+)?(?:by|von|par|por|di|door)\b[:\s]+", re.IGNORECASE
)
_ADDRESS = re.compile(r"^(?:https?:|//|www\.|@?[\w.+-]+@[\w-]+\.|/)|^\d+$", re.IGNORECASE)
_KEYS = ("citation_author", "dc:creator", "dcterms:creator", "dcterm:creator", "author", "parsely-author", "byl")


def read(page: Page) -> str | None:
    return LADDER.climb(page, _clean, "author")


def read_all(page: Page, author: str | None) -> tuple[str, ...]:
    """Every name that the source of `author` gives; a source that names one person gives one."""
    if author is None:
        return ()
    rule = page.provenance["author"].rule
    offer = _json_ld_names(page.graph) if rule == JSON_LD and page.graph is not None else page.meta.get(rule, ())
    if len(offer) < 2:
        return (author,)
    return tuple(dict.fromkeys(name for one in offer[:AUTHORS] if (name := _clean(one)))) or (author,)


def _clean(value: str) -> str | None:
    if _ADDRESS.match(value.strip()):
        return None
    name = clean.name(_BY.sub("", value, count=1) if _BY.match(value) else value)
    return name if name and (name[0].isalpha() or any(character.isalpha() for character in name)) else None


def _json_ld_names(graph: Graph) -> list[str]:
    return [*graph.texts(graph.subject, "author"), *graph.texts(graph.subject, "creator")]


def _json_ld(graph: Graph) -> str | None:
    return graph.text(graph.subject, "author") or graph.text(graph.subject, "creator")


LADDER = Ladder(
    in_graph(JSON_LD, _json_ld),
    *meta(*_KEYS),
    *meta("article:author", "article:author_name", "sailthru:author", "citation_authors", "og:author", "byline"),
    in_body("microdata:author", lambda page: page.items.author()),
    in_body("rdfa:author", lambda page: page.items.author(RDFA)),
    in_body("byline", lambda page: page.body.byline),
)
