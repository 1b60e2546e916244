"""Prints how well titles, authors, descriptions, pictures and so on are found in real article pages.

Beside ours: a plain OpenGraph rule, and trafilatura's `extract_metadata` (installed for this only). The pages lie in the
folder `SPIDERDUCK_CORPORA`: mozilla/readability's test pages, whose values are compared as equal, and postlight/parser's,
whose titles and descriptions people recorded in other words, so that one must hold the other. Every miss is listed.

    python -m benchmarks.quality
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

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
    "image": "og:image",
}
_TRAFILATURA = {
    "title": "title",
    "author": "author",
    "description": "description",
    "site_name": "sitename",
    "language": "language",
    "published_at": "date",
    "image": "image",
}

# Their name in postlight's expected.json → ours.
_POSTLIGHT = {
    "title": "title",
    "author": "author",
    "dek": "description",
    "date_published": "published_at",
    "lead_image_url": "image",
}
POSTLIGHT = CORPORA / "pages" / "postlight"
# Of a description the beginning is compared: the recorded one may be a paragraph.
_BEGINNING = 40

Values = dict[str, str | None]


class Case(NamedTuple):
    """A page with what it should give, by our names; `loosely`: the recorded words may be others."""

    name: str
    url: str
    body: bytes
    expected: Values
    loosely: bool = False


def cases() -> Iterator[Case]:
    """Every page of readability's corpus."""
    for folder in sorted(PAGES.iterdir()):
        expected = json.loads((folder / "expected.json").read_text("utf-8"))
        values = {ours: expected.get(theirs) for theirs, ours in FIELDS.items()}
        yield Case(folder.name, URL, (folder / "page.html").read_bytes(), values)


def postlight_cases() -> Iterator[Case]:
    """Every page of postlight's corpus."""
    for page in json.loads((POSTLIGHT / "expected.json").read_text("utf-8")):
        values = {ours: page["expected"].get(theirs) for theirs, ours in _POSTLIGHT.items()}
        yield Case(page["file"], page["url"], (POSTLIGHT / page["file"]).read_bytes(), values, loosely=True)


def ours(case: Case) -> Values:
    metadata = extract_metadata(case.body, url=case.url, content_type="text/html")
    found: Values = {field: getattr(metadata, field) for field in FIELDS.values()}
    found["image"] = metadata.image.url if metadata.image is not None else None
    return found


def open_graph(case: Case) -> Values:
    """What a few lines of anyone's code give: one property for each field."""
    tree = LexborHTMLParser(case.body)
    found: Values = {}
    for field, name in _OPEN_GRAPH.items():
        node = tree.css_first(f'meta[property="{name}"]')
        found[field] = node.attributes.get("content") if node is not None else None
    return found


def trafilatura(case: Case) -> Values:
    from trafilatura.metadata import extract_metadata as extract

    document = extract(case.body, default_url=case.url)
    return {field: getattr(document, name) if document else None for field, name in _TRAFILATURA.items()}


def agrees(field: str, expected: str, found: str | None, loosely: bool = False) -> bool:
    """Equal after NFKC, case and punctuation folding; for dates, the same moment, or day where one gives no more; for
    pictures, host and path. Loosely: one holds the other, of a description the beginning."""
    if found is None:
        return False
    if field == "image":
        return _place(expected) == _place(urljoin(URL, found) if "://" not in found else found)
    one, other = _folded(expected), _folded(found)
    if loosely and field == "published_at":
        return expected[:10] == found[:10] or _same_moment(expected, found)
    if loosely and field == "description":
        return one[:_BEGINNING] in other
    return (
        one == other
        or (field == "published_at" and _same_moment(expected, found))
        or (loosely and bool(other) and (one in other or other in one))
    )


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path


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


EXTRACTORS: dict[str, Callable[[Case], Values]] = {
    "spiderduck": ours,
    "open graph": open_graph,
    "trafilatura": trafilatura,
}


class Score(NamedTuple):
    """Hits of `wanted` pages that have the field; misses with what was found instead."""

    wanted: int
    hits: int
    misses: list[tuple[str, str, str | None]]


def score(extract: Callable[[Case], Values], pages: Callable[[], Iterator[Case]] = cases) -> dict[str, Score]:
    """How one extractor does, field by field."""
    scores: dict[str, Score] = {}
    for case in pages():
        found = extract(case)
        for field, expected in case.expected.items():
            if not expected:
                continue
            wanted, hits, misses = scores.get(field, Score(0, 0, []))
            hit = agrees(field, expected, found.get(field), case.loosely)
            if not hit:
                misses.append((case.name, expected, found.get(field)))
            scores[field] = Score(wanted + 1, hits + hit, misses)
    return scores


def main() -> int:
    """Prints a table for each corpus; ends with 1 where a field of the first is below the better of the peers."""
    if not PAGES.is_dir():
        print(f"no pages in {PAGES}; set SPIDERDUCK_CORPORA")
        return 0
    console = Console()
    behind = _compare(console, "readability's pages, equal", cases)
    if POSTLIGHT.is_dir():
        _compare(console, "postlight's pages, contained", postlight_cases)
    if behind:
        console.print(f"behind a peer: {', '.join(behind)}", style="red")
    return 1 if behind else 0


def _compare(console: Console, title: str, pages: Callable[[], Iterator[Case]]) -> list[str]:
    """Prints the table and our misses. Returns the fields in which a peer is better."""
    scores = {name: score(extract, pages) for name, extract in EXTRACTORS.items()}
    table = Table(title=f"{title}: found of expected")
    table.add_column("field")
    for name in EXTRACTORS:
        table.add_column(name, justify="right")
    own = scores["spiderduck"]
    for field, found in own.items():
        table.add_row(field, *(f"{scores[name][field].hits}/{found.wanted}" for name in EXTRACTORS))
    console.print(table)
    for field, found in own.items():
        for name, expected, instead in found.misses:
            console.print(
                f"{field:13} {name}\n    expected {expected[:110]!r}\n    found    {(instead or '')[:110]!r}",
                markup=False,
            )
    return [field for field in own if own[field].hits < max(scores[name][field].hits for name in EXTRACTORS)]


if __name__ == "__main__":
    sys.exit(main())
