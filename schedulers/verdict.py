"""A verdict on a link, as records, cards and notices carry it. `spiderduck.lists` makes them.

`no_match` means that the link is known and nothing named it, also where there are no lists; `unknown` that it was never
seen. Nothing is ever called safe.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

Judgement = Literal["block", "warn", "no_match", "unknown"]
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class Matched(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The entry that decided: at which `hop` of the chain, and what of it the list names."""

    hop: str
    expression: str
    list: str
    list_version: str
    entry: str
    action: str
    category: str | None = None
    severity: str | None = None


class ListState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A list that was asked. `age_s`: since its file changed; `stale`: longer ago than it should be."""

    name: str
    version: str
    age_s: int
    stale: bool = False


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`basis` says what decided: `list`, `signals` or nothing. `notes` are the entries of lists that only note.
    `signals` are what a person who hunts spam would look at. `as_of` is the time of judgement."""

    verdict: Judgement
    basis: str | None = None
    matched: Matched | None = None
    notes: Sequence[Matched] = ()
    signals: Sequence[str] = ()
    lists: Sequence[ListState] = ()
    as_of: Moment
