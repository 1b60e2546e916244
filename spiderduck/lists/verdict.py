"""What lists, and a URL's own look, say of a link. Pure.

`no_match` means that the link is known and nothing named it, also where there are no lists; `unknown` that it was never
seen. Nothing is ever called safe.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from schedulers.record import Time, iso_time
from spiderduck.lists.expressions import canonical
from spiderduck.lists.loaded import Hit, LoadedList, Subject
from spiderduck.settings.lists import ACTIONS

Judgement = Literal["block", "warn", "no_match", "unknown"]
MANY_REDIRECTS = 4
"""Hops of a chain. Shorteners behind shorteners are how spam hides; an ordinary link has at most two."""


class Matched(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The entry that decided: at which `hop` of the chain, and what of it the list names."""

    hop: str
    expression: str
    list: str
    list_version: str
    entry: str
    action: str
    category: str | None = None
    severity: str | None = None


class ListState(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A list that was asked. `age_s`: since its file changed; `stale`: longer ago than it should be."""

    name: str
    version: str
    age_s: int
    stale: bool = False


class Verdict(msgspec.Struct, omit_defaults=True, kw_only=True):
    """`basis` says what decided: `list`, `signals` or nothing. `notes` are the entries of lists that only note.
    `signals` are what a person who hunts spam would look at. `as_of` is the time of judgement."""

    verdict: Judgement
    basis: str | None = None
    matched: Matched | None = None
    notes: Sequence[Matched] = ()
    signals: Sequence[str] = ()
    lists: Sequence[ListState] = ()
    as_of: Time


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a link: every URL of its chain (the shared one first), the pictures that its card shows, the
    SHA-256 of its body, and whether it was seen at all."""

    hops: Sequence[str]
    pictures: Sequence[str] = ()
    content: str | None = None
    seen: bool = True
    signals: Sequence[str] = ()


def judge(facts: Facts, lists: Iterable[LoadedList], now: float) -> Verdict:
    """The verdict of `lists`, at `now` (epoch seconds)."""
    lists = tuple(lists)
    hits = sorted(_hits(facts, lists), key=lambda hit: ACTIONS.index(hit[1].list.action))
    matched = [_matched(hop, hit) for hop, hit in hits]
    deciding = next((one for one in matched if one.action != "note"), None)
    verdict: Judgement = "no_match" if facts.seen else "unknown"
    if deciding is not None:
        verdict = "block" if deciding.action == "block" else "warn"
    return Verdict(
        verdict=verdict,
        basis=None if deciding is None else "list",
        matched=deciding,
        notes=tuple(one for one in matched if one.action == "note"),
        signals=tuple(facts.signals),
        lists=tuple(state_of(one, now) for one in lists),
        as_of=iso_time(now),
    )


def state_of(one: LoadedList, now: float) -> ListState:
    """A list as it is told."""
    return ListState(
        name=one.config.name, version=one.version, age_s=max(0, int(now - one.changed_at)), stale=one.is_stale(now)
    )


def _hits(facts: Facts, lists: Sequence[LoadedList]) -> Iterable[tuple[str, Hit]]:
    for url in dict.fromkeys((*facts.hops, *facts.pictures)):
        found = canonical(url)
        if found is None:
            continue
        subject = Subject(found)
        for one in lists:
            if (hit := one.names(subject)) is not None:
                yield url, hit
    if facts.content is not None:
        for one in lists:
            if (hit := one.names_content(facts.content)) is not None:
                yield facts.hops[-1], hit


def _matched(hop: str, hit: Hit) -> Matched:
    return Matched(
        hop=hop,
        expression=hit.expression,
        list=hit.list.name,
        list_version=hit.version,
        entry=hit.entry,
        action=hit.list.action,
        category=hit.list.category or None,
        severity=hit.list.severity or None,
    )
