"""Real article pages for the crawl benchmark: each as long as it was, with a title of its own for each URL.

They lie in the folder that `SPIDERDUCK_CORPORA` names (readability's and postlight's test pages). Those of 40 to 90 KB
are taken, so that their mean is near the 60 KB of the page that is made here.
"""

import re

from tests.corpora import CORPORA

SMALLEST, LARGEST = 40_000, 90_000
_MARK = b"An article about ponds, 0000000"
_TITLE = re.compile(rb"(<title\b[^<>]{0,200}>)[^<]{0,1000}", re.IGNORECASE)
_SHARED = re.compile(
    rb"(<meta\b[^<>]{0,200}og:title[\"']?\s[^<>]{0,200}content=)(?:\"[^\"]{0,1000}\"|'[^']{0,1000}')", re.IGNORECASE
)


def real_pages() -> list[bytes]:
    """In the order of their names; none where the corpora are not there. To be served through `titled`."""
    pages = CORPORA / "pages"
    files = sorted([*pages.glob("readability/*/page.html"), *pages.glob("postlight/*.html")])
    return [_marked(path.read_bytes()) for path in files if SMALLEST <= path.stat().st_size <= LARGEST]


def _marked(page: bytes) -> bytes:
    """With a mark for the title in `<title>` and `og:title`, filled up or cut to the size it had."""
    marked = _SHARED.sub(rb'\1"' + _MARK + b'"', _TITLE.sub(rb"\1" + _MARK, page, count=1), count=1)
    return marked[: len(page)].ljust(len(page))


def titled(page: bytes, number: int) -> bytes:
    """The page with that number in its title; of the same length."""
    return page.replace(_MARK, b"An article about ponds, %07d" % number)
