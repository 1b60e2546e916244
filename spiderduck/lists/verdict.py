"""What lists, and a URL's own look, say of a link. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from schedulers.record import iso_time
from schedulers.verdict import TAKEDOWN, Judgement, ListState, Matched, Verdict
from spiderduck.lists.expressions import canonical
from spiderduck.lists.loaded import Hit, LoadedList, Subject
from spiderduck.settings.lists import ACTIONS


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a link: every URL of its chain (the shared one first), the pictures that its card shows, the
    SHA-256 of its body, and whether it was seen at all."""

    hops: Sequence[str]
    pictures: Sequence[str] = ()
    content: str | None = None
    seen: bool = True
    signals: Sequence[str] = ()


def judge(facts: Facts, lists: Iterable[LoadedList], now: float, taken_down: Matched | None = None) -> Verdict:
    """The verdict of `lists`, at `now` (epoch seconds). That a hop was `taken_down` goes before them."""
    lists = tuple(lists)
    hits = sorted(_hits(facts, lists, now), key=lambda hit: ACTIONS.index(hit[1].list.action))
    matched = [_matched(hop, hit) for hop, hit in hits]
    deciding = taken_down or next((one for one in matched if one.action != "note"), None)
    verdict: Judgement = "no_match" if facts.seen else "unknown"
    if deciding is not None:
        verdict = "block" if deciding.action == "block" else "warn"
    return Verdict(
        verdict=verdict,
        basis=TAKEDOWN if taken_down is not None else None if deciding is None else "list",
        matched=deciding,
        notes=tuple(one for one in matched if one.action == "note"),
        signals=tuple(facts.signals),
        lists=_states(lists, int(now)),
        as_of=iso_time(now),
    )


@lru_cache(maxsize=1)
def _states(lists: tuple[LoadedList, ...], now: int) -> tuple[ListState, ...]:
    """Once a second, for a thousand links may be judged in that time. One at a time: lists are large."""
    return tuple(state_of(one, now) for one in lists)


def state_of(one: LoadedList, now: float) -> ListState:
    """A list as it is told."""
    return ListState(
        name=one.config.name, version=one.version, age_s=max(0, int(now - one.changed_at)), stale=one.is_stale(now)
    )


def _hits(facts: Facts, lists: Sequence[LoadedList], now: float) -> Iterable[tuple[str, Hit]]:
    for url in dict.fromkeys((*facts.hops, *facts.pictures)) if lists else ():
        found = canonical(url)
        if found is None:
            continue
        subject = Subject(found)
        for one in lists:
            if (hit := one.names(subject, now)) is not None:
                yield url, hit
    if facts.content is not None:
        for one in lists:
            if (hit := one.names_content(facts.content, now)) is not None:
                yield facts.hops[-1], hit


def _matched(hop: str, hit: Hit) -> Matched:
    """What the settings say of the whole list goes before what a line says of itself."""
    config, said = hit.list, hit.said
    return Matched(
        hop=hop,
        expression=hit.expression,
        list=config.name,
        list_version=hit.version,
        entry=hit.entry,
        action=config.action,
        category=config.category or said.category,
        severity=config.severity or said.severity,
        comment=said.comment,
        since=said.since,
        expires=said.expires,
    )
