"""What the page says about itself in a sentence or two; without any such sentence, its first real paragraph."""

from schedulers.metadata import clean
from schedulers.metadata.items import RDFA
from schedulers.metadata.ladder import Ladder, in_body, in_graph, meta
from schedulers.metadata.page import HtmlPage


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, lambda value: page.shown(value, clean.DESCRIPTION_LIMIT), "description")


LADDER = Ladder(
    in_graph("json-ld:description", lambda graph: graph.text(graph.subject, "description")),
    *meta("dc:description", "dcterms:description", "dcterm:description"),
    *meta("og:description", "weibo:article:description", "weibo:webpage:description"),
    *meta("description", "twitter:description", "sailthru:description"),
    *meta("dc:description:abstract", "dcterms:abstract", "citation_abstract", "excerpt", "abstract"),
    in_body("microdata:description", lambda page: page.items.text("description")),
    in_body("rdfa:description", lambda page: page.items.text("description", RDFA)),
    in_body("first-paragraph", lambda page: page.body.first_paragraph),
    in_graph("json-ld:page", lambda graph: graph.text(graph.page, "description")),
)
