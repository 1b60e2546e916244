"""A ladder: rules in the order in which they are believed. The first that offers a value wins; the rest is provenance.

Read by every file of `fields/`. Its one rule: a ladder is data, readable from top to bottom, and a rule that must look
into the body is not asked once the head has answered.
"""

from collections.abc import Callable
from typing import NamedTuple

from schedulers.metadata.clean import text
from schedulers.metadata.model import Alternative, Provenance
from schedulers.metadata.page import Page

Read = Callable[[Page], str | None]
Clean = Callable[[str], str | None]

# Bounds what one field may cost in the store; real pages offer three or four.
ALTERNATIVES = 6
_SHOWN = 300
_REPEATED = 5


class Rule(NamedTuple):
    """`name` is what the provenance shows. `in_body` rules cost a walk of the body and are asked only when needed."""

    name: str
    read: Read
    in_body: bool = False
    # A rule that reads one key of `Page.meta` says so here: half of all rules, spared a call each.
    key: str | None = None


Ladder = tuple[Rule, ...]


def meta(*keys: str) -> tuple[Rule, ...]:
    """One rule for each key of a `<meta>` element, each named after its key."""
    return tuple(Rule(key, _meta_reader(key), key=key) for key in keys)


def climb(ladder: Ladder, page: Page, clean: Clean, field: str) -> str | None:
    """The value of the highest rule that offers one, after `clean`; writes the field's provenance into `page`.

    What the rules below offer is noted as the page has it: cleaning what nobody shows would double a page's cost.
    """
    won: str | None = None
    winner = ""
    others: list[Alternative] = []
    meta = page.meta
    for rule, read, in_body, key in ladder:
        if key is not None:
            if key not in meta:
                continue
            if won is None:
                won = _first(meta[key], clean)
                winner = rule
            else:
                others.append(Alternative(rule, _shown(meta[key][0])))
        elif won is None:
            raw = read(page)
            if raw is not None:
                won = clean(raw)
                winner = rule
        elif not in_body and (raw := read(page)) is not None:
            others.append(Alternative(rule, _shown(raw)))
    if won is not None:
        page.provenance[field] = Provenance(winner, tuple(others[:ALTERNATIVES]))
    return won


def _shown(raw: str) -> str:
    """On one line, and fit to be stored."""
    value = " ".join(raw[:_SHOWN].split())
    return value if value.isprintable() else text(value) or ""


def _first(values: list[str], clean: Clean) -> str | None:
    """Of a key given several times the first acceptable value (`article:author`: an address, then a name)."""
    for raw in values[:_REPEATED]:
        if (value := clean(raw)) is not None:
            return value
    return None


def _meta_reader(key: str) -> Read:
    def read(page: Page) -> str | None:
        values = page.meta.get(key)
        return values[0] if values else None

    return read
