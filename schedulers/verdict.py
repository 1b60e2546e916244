"""A verdict on a link, as records, cards and notices carry it. `spiderduck.lists` makes them.

`no_match` means that the link is known and nothing named it, also where there are no lists; `unknown` that it was never
seen. Nothing is ever called safe.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

Judgement = Literal["block", "warn", "no_match", "unknown"]
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


TAKEDOWN = "takedown"
"""The `basis` of a verdict on what an admin took down."""
TAKEN_DOWN = "taken_down"
"""The `reason_code` of a URL that was taken down."""


class Matched(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The entry that decided: at which `hop` of the chain or picture (for a hash of content, the page), and what of it
    the list names. `comment`, `since` and `expires` are the list's own, where its format has them."""

    hop: str
    expression: str
    list: str
    list_version: str
    entry: str
    action: str
    category: str | None = None
    severity: str | None = None
    comment: str | None = None
    since: Moment | None = None
    expires: Moment | None = None


class ListState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A list that was asked. `age_s`: since its file changed; `stale`: longer ago than it should be."""

    name: str
    version: str
    age_s: int
    stale: bool = False


class Previous(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was said of the link before, by which list, and since when."""

    verdict: Judgement
    list: str | None = None
    as_of: Moment


class Judged(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a stored state remembers of its last verdict: enough to tell whether another one differs."""

    verdict: Judgement
    list: str | None = None
    as_of: Moment
    previous: Previous | None = None


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`basis` says what decided: `list`, `takedown` or nothing. `notes` are the entries of lists that only note.
    `signals` are what a person who hunts spam would look at. `as_of` is the time of judgement. `previous` is the last
    verdict that differed from this one."""

    verdict: Judgement
    basis: str | None = None
    matched: Matched | None = None
    notes: Sequence[Matched] = ()
    signals: Sequence[str] = ()
    lists: Sequence[ListState] = ()
    as_of: Moment
    previous: Previous | None = None

    def remembered(self, before: Judged | None) -> Judged:
        """What to store of it, where `before` was stored: that again, where nothing changed."""
        if before is not None and not self.differs(before):
            return before
        matched = None if self.matched is None else self.matched.list
        return Judged(verdict=self.verdict, list=matched, as_of=self.as_of, previous=previous_to(self, before))

    def differs(self, before: Judged) -> bool:
        """Whether it says something else, or by another list."""
        matched = None if self.matched is None else self.matched.list
        return (before.verdict, before.list) != (self.verdict, matched)


def previous_to(verdict: Verdict, before: Judged | None) -> Previous | None:
    """The last verdict that differed, where `before` is stored."""
    if before is None or not verdict.differs(before):
        return None if before is None else before.previous
    return Previous(verdict=before.verdict, list=before.list, as_of=before.as_of)
