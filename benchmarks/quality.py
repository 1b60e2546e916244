"""Prints how well titles, authors, descriptions, pictures and so on are found in real article pages.

Beside ours: a plain OpenGraph rule, trafilatura's `extract_metadata` and, where node is there, metascraper (both
installed for this only; `make quality`). The pages lie in the folder `SPIDERDUCK_CORPORA`: mozilla/readability's test
pages, whose values are compared as equal, and postlight/parser's, whose titles and descriptions people recorded in other
words, so that one must hold the other. Each cell gives both: equal, and contained. Every miss of ours is listed.

    python -m benchmarks.quality
"""

import json
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
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

_METASCRAPER = {
    "title": "title",
    "author": "author",
    "description": "description",
    "site_name": "publisher",
    "language": "lang",
    "published_at": "date",
    "image": "image",
}
METASCRAPER = Path(__file__).parent / "metascraper"

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
    file: Path
    expected: Values
    loosely: bool = False

    @property
    def body(self) -> bytes:
        return self.file.read_bytes()


def cases() -> Iterator[Case]:
    """Every page of readability's corpus."""
    for folder in sorted(PAGES.iterdir()):
        expected = json.loads((folder / "expected.json").read_text("utf-8"))
        values = {ours: expected.get(theirs) for theirs, ours in FIELDS.items()}
        yield Case(folder.name, URL, folder / "page.html", values)


def postlight_cases() -> Iterator[Case]:
    """Every page of postlight's corpus."""
    for page in json.loads((POSTLIGHT / "expected.json").read_text("utf-8")):
        values = {ours: page["expected"].get(theirs) for theirs, ours in _POSTLIGHT.items()}
        yield Case(page["file"], page["url"], POSTLIGHT / page["file"], values, loosely=True)


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


def metascraper(case: Case) -> Values:
    return _metascraped().get(str(case.file), {})


@cache
def _metascraped() -> dict[str, Values]:
    """File → what metascraper finds, for all pages in one process."""
    pages = [case for corpus in (cases, postlight_cases) if corpus is cases or POSTLIGHT.is_dir() for case in corpus()]
    lines = "\n".join(
        json.dumps({"file": str(case.file.absolute()), "url": case.url.replace("fakehost", "example.com")})
        for case in pages
    )
    ran = subprocess.run(
        ["node", "run.mjs"], cwd=METASCRAPER, input=lines, capture_output=True, text=True, check=True, timeout=600
    )
    return {
        str(case.file): {field: found.get(name) for field, name in _METASCRAPER.items()}
        for case, found in zip(pages, map(json.loads, ran.stdout.splitlines()), strict=True)
    }


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
    "metascraper": metascraper,
}


class Score(NamedTuple):
    """Of `wanted` pages that have the field the hits, as the corpus is compared; the misses with what was found
    instead; and how many are equal and contained."""

    wanted: int
    hits: int
    misses: list[tuple[str, str, str | None]]
    equal: int = 0
    contained: int = 0


def score(extract: Callable[[Case], Values], pages: Callable[[], Iterator[Case]] = cases) -> dict[str, Score]:
    """How one extractor does, field by field."""
    scores: dict[str, Score] = {}
    for case in pages():
        found = extract(case)
        for field, expected in case.expected.items():
            if not expected:
                continue
            before, value = scores.get(field, Score(0, 0, [])), found.get(field)
            equal, contained = agrees(field, expected, value), agrees(field, expected, value, loosely=True)
            hit = contained if case.loosely else equal
            misses = before.misses if hit else [*before.misses, (case.name, expected, value)]
            scores[field] = Score(
                before.wanted + 1, before.hits + hit, misses, before.equal + equal, before.contained + contained
            )
    return scores


def main() -> int:
    """Prints a table for each corpus; ends with 1 where a field of the first is below the better of the peers."""
    if not PAGES.is_dir():
        print(f"no pages in {PAGES}; set SPIDERDUCK_CORPORA")
        return 0
    console = Console()
    if shutil.which("node") is None or not (METASCRAPER / "node_modules").exists():
        console.print(f"metascraper is not measured: it takes node, and `npm install` in {METASCRAPER}")
        del EXTRACTORS["metascraper"]
    behind = _compare(console, "readability's pages, equal", cases)
    if POSTLIGHT.is_dir():
        _compare(console, "postlight's pages, contained", postlight_cases)
    if behind:
        console.print(f"behind a peer: {', '.join(behind)}", style="red")
    return 1 if behind else 0


def _compare(console: Console, title: str, pages: Callable[[], Iterator[Case]]) -> list[str]:
    """Prints the table and our misses. Returns the fields in which a peer is better."""
    scores = {name: score(extract, pages) for name, extract in EXTRACTORS.items()}
    table = Table(title=f"{title}: equal / contained")
    table.add_column("field")
    table.add_column("of", justify="right")
    for name in EXTRACTORS:
        table.add_column(name, justify="right")
    own = scores["spiderduck"]
    for field, found in own.items():
        cells = [f"{scores[name][field].equal} / {scores[name][field].contained}" for name in EXTRACTORS]
        table.add_row(field, str(found.wanted), *cells)
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
