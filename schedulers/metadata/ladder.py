"""A ladder: rules in the order in which they are believed. The first that offers a value wins; the rest is provenance.

Read by every file of `fields/`. A ladder is data, readable from top to bottom, and a rule that must look into the body
is not asked once the head has answered.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from schedulers.metadata.clean import text
from schedulers.metadata.json_ld import Graph
from schedulers.metadata.model import Alternative, Provenance
from schedulers.metadata.page import HtmlPage

Clean = Callable[[str], str | None]

# Bounds what one field may cost in the store; real pages offer three or four.
ALTERNATIVES = 6
_SHOWN = 300
_REPEATED = 5


class Source(IntEnum):
    """Where a rule looks, the cheapest place first: half of all rules read one key of `HtmlPage.meta`."""

    META = 0
    GRAPH = 1
    PAGE = 2
    BODY = 3


class Rule(NamedTuple):
    """`name` is what the provenance shows, and of a META rule the key. A GRAPH rule reads the page's JSON-LD, every
    other one the page; BODY rules are asked only when needed."""

    name: str
    source: Source
    read: Callable[[Any], str | None]

    def offer(self, page: HtmlPage) -> str | None:
        """What it has for `page`, before any cleaning."""
        if self.source is Source.GRAPH:
            return None if page.graph is None else self.read(page.graph)
        return self.read(page)


def meta(*keys: str) -> tuple[Rule, ...]:
    """One rule for each key of a `<meta>` element, each named after its key."""
    return tuple(Rule(key, Source.META, _meta_reader(key)) for key in keys)


def in_graph(name: str, read: Callable[[Graph], str | None]) -> Rule:
    """A rule that reads the page's JSON-LD, and is not asked where there is none."""
    return Rule(name, Source.GRAPH, read)


def in_page(name: str, read: Callable[[HtmlPage], str | None]) -> Rule:
    """A rule that reads something else of what is at hand: a header, a link, the `<title>`."""
    return Rule(name, Source.PAGE, read)


def in_body(name: str, read: Callable[[HtmlPage], str | None]) -> Rule:
    """A rule that costs a walk of the body."""
    return Rule(name, Source.BODY, read)


class Ladder:
    """The rules from top to bottom."""

    __slots__ = ("_steps", "rules")

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        # Plain tuples and numbers: unpacking a named tuple takes three times as long, and each page climbs 200 rules.
        self._steps = tuple((rule.name, int(rule.source), rule.read) for rule in rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def climb(self, page: HtmlPage, clean: Clean, field: str) -> str | None:
        """The value of the highest rule that offers one, after `clean`; writes the field's provenance into `page`.

        What the rules below offer is noted as the page has it: cleaning what nobody shows would double a page's cost.
        """
        won: str | None = None
        winner = ""
        others: list[Alternative] = []
        meta, graph = page.meta, page.graph
        for rule, source, read in self._steps:
            if source == 0:
                if rule not in meta:
                    continue
                if won is not None:
                    others.append(Alternative(rule, shown(meta[rule][0])))
                else:
                    won, winner = _first(meta[rule], clean), rule
            elif source == 1:
                if graph is not None and (raw := read(graph)) is not None:
                    if won is None:
                        won, winner = clean(raw), rule
                    else:
                        others.append(Alternative(rule, shown(raw)))
            elif won is None:
                if (raw := read(page)) is not None:
                    won, winner = clean(raw), rule
            elif source == 2 and (raw := read(page)) is not None:
                others.append(Alternative(rule, shown(raw)))
        if won is not None:
            page.provenance[field] = Provenance(winner, tuple(others[:ALTERNATIVES]))
        return won


def shown(raw: str) -> str:
    """On one line, and fit to be stored."""
    value = raw[:_SHOWN]
    if not value.isprintable() or "  " in value or value[:1] == " " or value[-1:] == " ":
        value = " ".join(value.split())
        return value if value.isprintable() else text(value) or ""
    return value


def _first(values: list[str], clean: Clean) -> str | None:
    """Of a key given several times the first acceptable value (`article:author`: an address, then a name)."""
    for raw in values[:_REPEATED]:
        if (value := clean(raw)) is not None:
            return value
    return None


def _meta_reader(key: str) -> Callable[[HtmlPage], str | None]:
    def read(page: HtmlPage) -> str | None:
        values = page.meta.get(key)
        return values[0] if values else None

    return read
