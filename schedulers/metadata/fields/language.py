"""The page's language as a BCP 47 tag in its usual case (`en-US`)."""

import re
from functools import lru_cache

from schedulers.metadata.ladder import Ladder, in_body, in_graph, in_page, meta
from schedulers.metadata.page import HtmlPage

# RFC 5646, section 2.1: a language, then script, region and variants; `_` is OpenGraph's and POSIX' separator.
_TAG = re.compile(
    r"^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?((?:[-_](?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*)$"
)

_LIMIT = 200


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, tag, "language")


def tag(value: str) -> str | None:
    """`value` as a language tag, or `None`; of a list the first, without a character set (`en_US.UTF-8`)."""
    return _tag(value[:_LIMIT])


@lru_cache(maxsize=1024)
def _tag(value: str) -> str | None:
    first = value.split(",", 1)[0].split(";", 1)[0].split(".", 1)[0].strip().lower()
    match = _TAG.match(first)
    if match is None:
        return None
    language, script, region, variants = match.groups()
    if language in ("und", "mul", "zxx", "xx"):
        return None
    parts = [language, script and script.title(), region and region.upper(), variants.strip("-_").replace("_", "-")]
    return "-".join(part for part in parts if part)


def _content_language(page: HtmlPage) -> str | None:
    values = page.headers.get("content-language", ())
    # A list names the audience, not the text.
    return values[0] if len(values) == 1 and "," not in values[0] else None


LADDER = Ladder(
    in_page("html:lang", lambda page: page.html.get("lang") or page.html.get("xml:lang")),
    in_graph("json-ld:inLanguage", lambda graph: graph.text(graph.subject, "inLanguage")),
    *meta(
        "og:locale", "http-equiv:content-language", "content-language", "language", "dc:language", "dcterms:language"
    ),
    *meta("citation_language", "lang"),
    in_page("header:content-language", _content_language),
    in_body("body:lang", lambda page: page.body.language),
)
