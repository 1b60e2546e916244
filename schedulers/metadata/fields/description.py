"""What the page says about itself in a sentence or two; without any such sentence, its first real paragraph."""

from schedulers.metadata import clean
from schedulers.metadata.ladder import Ladder, Rule, climb, meta
from schedulers.metadata.page import Page


def read(page: Page) -> str | None:
    return climb(LADDER, page, clean.description, "description")


def _json_ld(page: Page) -> str | None:
    return page.json_ld.text(page.json_ld.subject, "description")


LADDER: Ladder = (
    Rule("json-ld:description", _json_ld),
    *meta("dc:description", "dcterms:description", "dcterm:description"),
    *meta("og:description", "weibo:article:description", "weibo:webpage:description"),
    *meta("description", "twitter:description", "sailthru:description"),
    *meta("dc:description:abstract", "dcterms:abstract", "citation_abstract", "excerpt", "abstract"),
    Rule("microdata:description", lambda page: page.microdata.text("description"), in_body=True),
    Rule("first-paragraph", lambda page: page.body.first_paragraph, in_body=True),
    Rule("json-ld:page", lambda page: page.json_ld.text(page.json_ld.page, "description")),
)
