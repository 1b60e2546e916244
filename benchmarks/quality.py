"""Prints how well titles, authors, descriptions, site names, dates and languages are found in real article pages.

Beside ours: a plain OpenGraph rule, and trafilatura's `extract_metadata` (installed for this only). The pages and what
they should give are mozilla/readability's test pages in the folder `SPIDERDUCK_CORPORA`. Every miss is listed.

    python benchmarks/quality.py [--misses]
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from selectolax.lexbor import LexborHTMLParser

from schedulers.metadata import extract_metadata
from tests.corpora import CORPORA

PAGES = CORPORA / "pages" / "readability"
# Where the expectations were recorded, the pages had this address (mozilla/readability, test/test-readability.js).
URL = "http://fakehost/test/page.html"

# Their name in expected.json → ours.
FIELDS = {
    "title": "title",
    "byline": "author",
    "excerpt": "description",
    "siteName": "site_name",
    "lang": "language",
    "publishedTime": "published_at",
}
_OPEN_GRAPH = {
    "title": "og:title",
    "author": "article:author",
    "description": "og:description",
    "site_name": "og:site_name",
    "language": "og:locale",
    "published_at": "article:published_time",
}
_TRAFILATURA = {
    "title": "title",
    "author": "author",
    "description": "description",
    "site_name": "sitename",
    "language": "language",
    "published_at": "date",
}

Values = dict[str, str | None]


class Case(NamedTuple):
    name: str
    body: bytes
    expected: Values


def cases() -> Iterator[Case]:
    """Every page of the corpus with what it should give, by our names."""
    for folder in sorted(PAGES.iterdir()):
        expected = json.loads((folder / "expected.json").read_text("utf-8"))
        values = {ours: expected.get(theirs) for theirs, ours in FIELDS.items()}
        yield Case(folder.name, (folder / "page.html").read_bytes(), values)


def ours(body: bytes) -> Values:
    metadata = extract_metadata(body, url=URL, content_type="text/html")
    return {field: getattr(metadata, field) for field in FIELDS.values()}


def open_graph(body: bytes) -> Values:
    """What a few lines of anyone's code give: one property for each field."""
    tree = LexborHTMLParser(body)
    found: Values = {}
    for field, name in _OPEN_GRAPH.items():
        node = tree.css_first(f'meta[property="{name}"]')
        found[field] = node.attributes.get("content") if node is not None else None
    return found


def trafilatura(body: bytes) -> Values:
    from trafilatura.metadata import extract_metadata as extract

    document = extract(body, default_url=URL)
    return {field: getattr(document, name) if document else None for field, name in _TRAFILATURA.items()}


def agrees(field: str, expected: str, found: str | None) -> bool:
    """Equal after NFKC, case and punctuation folding; for dates, the same moment, or day where one gives no more."""
    if found is None:
        return False
    return _folded(expected) == _folded(found) or (field == "published_at" and _same_moment(expected, found))


def _folded(value: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", value).casefold() if c.isalnum())


def _same_moment(one: str, other: str) -> bool:
    try:
        first, second = datetime.fromisoformat(one.strip()), datetime.fromisoformat(other.strip())
    except ValueError:
        return False
    if len(one.strip()) == len("2020-01-01") or len(other.strip()) == len("2020-01-01"):
        return first.date() == second.date()
    return first.timestamp() == second.timestamp() if first.tzinfo and second.tzinfo else first == second


EXTRACTORS: dict[str, Callable[[bytes], Values]] = {
    "spiderduck": ours,
    "open graph": open_graph,
    "trafilatura": trafilatura,
}


class Score(NamedTuple):
    """Hits of `wanted` pages that have the field; misses with what was found instead."""

    wanted: int
    hits: int
    misses: list[tuple[str, str, str | None]]


def score(extract: Callable[[bytes], Values]) -> dict[str, Score]:
    """How one extractor does, field by field."""
    scores = {field: Score(0, 0, []) for field in FIELDS.values()}
    for case in cases():
        found = extract(case.body)
        for field, expected in case.expected.items():
            if expected is None:
                continue
            wanted, hits, misses = scores[field]
            hit = agrees(field, expected, found.get(field))
            if not hit:
                misses.append((case.name, expected, found.get(field)))
            scores[field] = Score(wanted + 1, hits + hit, misses)
    return scores


def main() -> int:
    """Prints the table; ends with 1 where a field is below the better of the peers."""
    if not PAGES.is_dir():
        print(f"no pages in {PAGES}; set SPIDERDUCK_CORPORA")
        return 0
    scores = {name: score(extract) for name, extract in EXTRACTORS.items()}
    console = Console()
    table = Table(title="Metadata of real article pages: found of expected")
    table.add_column("field")
    for name in EXTRACTORS:
        table.add_column(name, justify="right")
    behind = []
    for field in FIELDS.values():
        table.add_row(field, *(f"{scores[name][field].hits}/{scores[name][field].wanted}" for name in EXTRACTORS))
        if scores["spiderduck"][field].hits < max(scores[name][field].hits for name in EXTRACTORS):
            behind.append(field)
    console.print(table)
    for field in FIELDS.values():
        for name, expected, found in scores["spiderduck"][field].misses:
            console.print(
                f"{field:13} {name}\n    expected {expected[:110]!r}\n    found    {(found or '')[:110]!r}",
                markup=False,
            )
    if behind:
        console.print(f"behind a peer: {', '.join(behind)}", style="red")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
