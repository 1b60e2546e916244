"""Whether the page says of itself that it is for adults, so that a client hides its picture until somebody asks for it.

`rating` and RTA are what Google's SafeSearch and filters of parents read (developers.google.com/search/docs/specialty/
explicit/guidelines, rtalabel.org), `mixi:content-rating` is Misskey's, `isFamilyFriendly` schema.org's.
"""

from schedulers.metadata.json_ld import Graph
from schedulers.metadata.ladder import Ladder, in_graph, in_page, meta
from schedulers.metadata.page import HtmlPage

RTA = "rta-5042-1996-1400-1577-rta"
ADULT = frozenset(("adult", "mature", "restricted", RTA, "1", "not family friendly"))
NOT_FAMILY_FRIENDLY = frozenset(("false", "no", "http://schema.org/false", "https://schema.org/false"))


def read(page: HtmlPage) -> bool | None:
    """True, or None where the page does not say so. Writes the provenance of `adult` into `page`."""
    return True if LADDER.climb(page, _adult, "adult") else None


def _adult(value: str) -> str | None:
    said = value[:100].strip().lower()
    return said if said in ADULT else None


def _header(page: HtmlPage) -> str | None:
    values = page.headers.get("rating")
    return values[0] if values else None


def _family(graph: Graph) -> str | None:
    said = None if graph.subject is None else graph.subject.get("isFamilyFriendly")
    return "not family friendly" if str(said)[:100].lower() in NOT_FAMILY_FRIENDLY else None


LADDER = Ladder(
    *meta("rating", "mixi:content-rating"),
    in_page("header:rating", _header),
    in_graph("json-ld:isFamilyFriendly", _family),
)
