"""Who wrote the page: one line for display, and every name."""

import re

from schedulers.metadata import clean
from schedulers.metadata.body import DATE_IN_LINE
from schedulers.metadata.items import RDFA
from schedulers.metadata.json_ld import Graph
from schedulers.metadata.ladder import Ladder, in_body, in_graph, in_page, meta
from schedulers.metadata.page import HtmlPage

AUTHORS = 20
JSON_LD = "json-ld:author"

_BY = re.compile(
    r"^\s*(?:(?:(?:written|posted|published|reported|submitted|words|story|text|article|von|par|por)\s+)?"
    r"(?:by|von|par|por|di|door)\b[:\s]+|(?:author|autor|autorin|auteur|autore)s?\s*:\s*)",
    re.IGNORECASE,
)
# A date with what joins it to a name: `Ann Otter on March 3, 2024`, `Ann Otter (3 March 2024)`.
_DATED = re.compile(
    rf"[,(\s]*(?:\b(?:on|am|le|el|em|den|vom|at)\s+)?(?:{DATE_IN_LINE.pattern}|\b\d{{1,2}}[./]\d{{1,2}}[./](?:19|20)\d\d\b)[\s,)]*",
    re.IGNORECASE,
)
# What is left of a line about the page, and names nobody; folded.
_NOBODY = frozenset(
    """
    updated lastupdated published posted publishedon postedon updatedon yesterday today now
    aktualisiert zuletztaktualisiert veröffentlicht gestern heute
    misàjour publié publiéle misàjourle hier actualizado publicado ayer hoy aggiornato
    pubblicato atualizado gewijzigd bijgewerkt gepubliceerd обновлено опубликовано вчера сегодня
    comments comment share shares views
    """.split()  # noqa: SIM905  a list would be a word a line
)
_ADDRESS = re.compile(r"^(?:https?:|//|www\.|@?[\w.+-]+@[\w-]+\.|/)|^\d+$", re.IGNORECASE)
_LONG = 400
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[\W\d_]+")
_LONGEST_WORD = 24
_PART = re.compile(r"\s*[|•·●–—/]\s*|\s+-\s+|\n|,\s*(?=\d)|\s+(?=(?:on|am|le|el)\s+\d)")
# A year, a clock, a day of a month, a time of reading.
_NO_NAME = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b|\b\d{1,3}\s*-?\s*(?:min(?:ute)?s?|mins?|hours?|days?|weeks?|h)\b"
    r"|\b(?:updated|published|posted|last modified|aktualisiert|veröffentlicht)\b[^a-z]{0,3}\d"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?\s+\d{1,2}\b|^\W*(?:mon|tues?|wednes|thurs?|fri|satur|sun)day\b"
    r"|^\W*(?:on|am|le|el)?\W*\d{1,2}(?:st|nd|rd|th|\.)?\W*$",
    re.IGNORECASE,
)
# Who took the picture did not write the page.
_PICTURE_BY = re.compile(
    r"\s*(?:photo(?:s|graph(?:s|y)?)?|pictures?|images?|illustrations?|video|foto|fotos|bild|bilder)\b(?:\s+(?:by|von|par|de|di|credit)\b|\s*:)",
    re.IGNORECASE,
)
# What bylines say behind a name: what the person is, a handle, the section, how many comments there are.
_BESIDE = re.compile(
    r"\s+is\s+(?:an?|the|our|[A-Z][a-z]+)\s.*$|(?:\s+@\w+)+\s*$|\s+\d{1,4}\s*$|(?<=\w)\s+in\s+[A-Z][\w &]{2,30}$"
)
# As WordPress' commonest plug-in writes it.
_WRITTEN_BY = frozenset(
    (
        "written by",
        "author",
        "verfasst von",
        "geschrieben von",
        "écrit par",
        "escrito por",
        "scritto da",
        "geschreven door",
    )
)
_KEYS = (
    *("citation_author", "dc:creator", "dcterms:creator", "dcterm:creator"),
    *("article:author", "author", "parsely-author", "byl"),
)


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, _clean, "author")


def read_all(page: HtmlPage, author: str | None) -> tuple[str, ...]:
    """Every name that the source of `author` gives; a source that names one person gives one."""
    if author is None:
        return ()
    page.provenance["authors"] = page.provenance["author"]
    rule = page.provenance["author"].rule
    offer = _json_ld_names(page.graph) if rule == JSON_LD and page.graph is not None else page.meta.get(rule, ())
    if len(offer) < 2:
        return (author,)
    return tuple(dict.fromkeys(name for one in offer[:AUTHORS] if (name := _clean(one)))) or (author,)


def _clean(value: str) -> str | None:
    if _ADDRESS.match(value.strip()):
        return None
    if _PICTURE_BY.match(value):
        return None
    value = _without_date(value[:_LONG]).strip().strip("[]")
    if " i" in value or "@" in value or value[-1:].isdigit():
        value = _BESIDE.sub("", value)
    name = clean.name(_BY.sub("", value, count=1) if _BY.match(value) else value)
    return name if name and (name[0].isalpha() or any(character.isalpha() for character in name)) else None


def _without_date(value: str) -> str:
    """`value` without the parts of a byline that are no name: dates, times of reading, words around them."""
    if _DIGIT.search(value) is None:
        return value if len(value) > _LONGEST_WORD or clean.fold(value) not in _NOBODY else ""
    value = _DATED.sub(" | ", value)
    parts = [part for part in _PART.split(value) if part.strip()]
    return parts_left[0] if (parts_left := [part for part in parts if _may_name(part)]) else ""


def _may_name(part: str) -> bool:
    return _NO_NAME.search(part) is None and _LETTERS.sub("", part).casefold() not in _NOBODY


def _json_ld_names(graph: Graph) -> list[str]:
    return [*graph.texts(graph.subject, "author"), *graph.texts(graph.subject, "creator")]


def _json_ld(graph: Graph) -> str | None:
    author = graph.text(graph.subject, "author") or graph.text(graph.subject, "creator")
    # A publisher that names itself says nothing of who wrote the page: whoever names a person goes before it.
    return None if author and author == graph.text(graph.subject, "publisher") else author


def _written_by(page: HtmlPage) -> str | None:
    """Twitter's labelled data: `label1` names what `data1` holds (`Written by`, `Est. reading time`)."""
    for number in ("1", "2"):
        label = page.meta.get(f"twitter:label{number}", ("",))[0].strip().lower()
        if label in _WRITTEN_BY:
            return page.meta.get(f"twitter:data{number}", (None,))[0]
    return None


LADDER = Ladder(
    in_graph(JSON_LD, _json_ld),
    *meta(*_KEYS),
    *meta(
        "article:author_name",
        "sailthru:author",
        "citation_authors",
        "og:author",
        "byline",
        "cxenseparse:author",
    ),
    in_body("microdata:author", lambda page: page.items.author()),
    in_body("rdfa:author", lambda page: page.items.author(RDFA)),
    in_page("twitter:data", _written_by),
    in_body("byline", lambda page: page.body.byline),
    in_body("by-link", lambda page: page.body.by_link),
    in_body("author-link", lambda page: page.body.linked_author),
    in_graph("json-ld:publisher-as-author", lambda graph: graph.text(graph.subject, "author")),
)
