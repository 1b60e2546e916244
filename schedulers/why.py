"""The story of a URL, for people: every step of its latest fetch with the reason, and what is known of it now. Pure.

Made from what the store keeps (`UrlState.trace`, `Page`), so that it can be told at any time. The store keeps when each
request was answered and how long its parts took; the moments of the other steps follow from these.
"""

from collections.abc import Iterator

import msgspec

from fetchers.urls import registrable_domain, split
from schedulers.errors import InvalidUrl
from schedulers.metadata import Provenance
from schedulers.model import HopTrace, Known, Page, Redirect, Status, UrlState
from schedulers.record import Time, iso_time
from schedulers.verdict import Verdict

LONGEST_VALUE = 200
PHASES = (
    ("queue", "waited_ms", "its domain's turn"),
    ("dns", "dns_ms", "the name was looked up"),
    ("connect", "connect_ms", "a connection was made"),
    ("tls", "tls_ms", "the connection was encrypted"),
    ("first_byte", "first_byte_ms", "the server thought about its answer"),
    ("body", "body_ms", "the body came"),
)
"""Parts of a request in order: the stage, the field of `HopTrace`, and a sentence."""


class Step(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One step: in which stage, what happened, and why. `at` is when it happened, or began where it took time
    (`took_ms`); of what is still to come, when it will."""

    at: Time
    stage: str
    what: str
    because: str | None = None
    took_ms: int | None = None


class Phase(msgspec.Struct):
    """A part of the way that took time."""

    stage: str
    url: str
    took_ms: int


class Story(msgspec.Struct, kw_only=True):
    """The steps in the order of their times. `critical_path` holds what the latest fetch spent its time on, the longest
    first; `total_ms` is their sum."""

    url: str
    status: Status
    steps: list[Step]
    critical_path: list[Phase]
    total_ms: int


def story(url: str, known: Known, verdict: Verdict | None, now: float) -> Story:
    """Of `url`, of which the store knows `known`. `now`: epoch seconds."""
    state = known.state
    if state is None:
        what, because = "nobody has shared this URL here", "the store holds nothing of it"
        step = Step(at=iso_time(now), stage="decide", what=what, because=because)
        return Story(url=url, status=Status.UNKNOWN, steps=[step], critical_path=[], total_ms=0)
    steps = [*_in_order(state, known.page, now), *_now(state)]
    if verdict is not None:
        steps.append(_judged(verdict))
    phases = [
        Phase(stage, hop.url, took) for hop in state.trace for stage, name, _ in PHASES if (took := getattr(hop, name))
    ]
    return Story(
        url=url,
        status=state.status,
        steps=sorted(steps, key=lambda step: step.at),  # stable: what came at one moment stays as told
        critical_path=sorted(phases, key=lambda phase: -phase.took_ms),
        total_ms=sum(phase.took_ms for phase in phases),
    )


class _Clock:
    """The moment of the next step. It never goes back: what one process measured and what another one noted differ by
    some milliseconds."""

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def reach(self, moment: float) -> str:
        """`moment`, or the one that is reached already, where that is later."""
        self.moment = max(self.moment, moment)
        return iso_time(self.moment)

    def take(self, milliseconds: int) -> str:
        """When something begins that takes so long."""
        begins = iso_time(self.moment)
        self.moment += milliseconds / 1000
        return begins


def _in_order(state: UrlState, page: Page | None, now: float) -> Iterator[Step]:
    """The page comes between the way and the ending, or before both where an earlier fetch brought it."""
    ended = state.checked_at or state.marked_at or now
    begun = _begun(state.trace[0], ended) if state.trace else ended
    if page is not None and page.fetched_at < begun:
        yield from _page(page, _Clock(page.fetched_at))
        page = None
    clock = _Clock(begun)
    yield from _way(state, ended, clock)
    if page is not None:
        clock.reach(page.fetched_at)
        yield from _page(page, clock)
    yield from _ending(state, clock.reach(ended))


def _begun(hop: HopTrace, ended: float) -> float:
    """When a request began: so long before its answer as what came before that took."""
    before = hop.waited_ms + hop.dns_ms + hop.connect_ms + hop.tls_ms + hop.first_byte_ms
    return (hop.at or ended) - before / 1000


def _way(state: UrlState, ended: float, clock: _Clock) -> Iterator[Step]:
    if state.trace:
        because = "nothing fresh was known of it, or a refresh was asked for"
        yield Step(at=iso_time(clock.moment), stage="decide", what="it was fetched", because=because)
    followed = {step.url: step for step in state.redirects}
    for hop in state.trace:
        clock.reach(_begun(hop, ended))
        yield from _hop(hop, followed.get(hop.url), clock)


def _hop(hop: HopTrace, redirect: Redirect | None, clock: _Clock) -> Iterator[Step]:
    if hop.result != Status.ROBOTS_DENIED:
        rule = hop.robots_rule or "no rule of it speaks of this URL"
        what = f"robots.txt of {_host(hop.url)} allows {hop.url}"
        yield Step(at=clock.take(0), stage="robots", what=what, because=rule)
    for stage, name, sentence in PHASES:
        if stage == "body":
            yield _answer(hop, clock)
        took = getattr(hop, name)
        if stage == "connect" and hop.reused:
            yield Step(at=clock.take(took), stage=stage, what="a connection that was open was used again")
        elif took:
            what = f"waited for the turn of {_domain(hop.url)}" if stage == "queue" else sentence
            yield Step(at=clock.take(took), stage=stage, what=what, took_ms=took)
    if redirect is not None and hop.result.isdigit():
        by = {"location": "the header Location", "refresh": "the header Refresh"}.get(redirect.by, "a meta refresh")
        yield Step(at=clock.take(0), stage="redirect", what=f"{hop.url} leads on", because=by)


def _answer(hop: HopTrace, clock: _Clock) -> Step:
    """Its head came."""
    at = clock.reach(hop.at)
    if not hop.result.isdigit():
        return Step(at=at, stage="answer", what=f"{hop.url} ended as {hop.result}")
    where = f" at {hop.address}" if hop.address else ""
    return Step(at=at, stage="answer", what=f"{_host(hop.url)}{where} answered {hop.result}")


def _ending(state: UrlState, at: str) -> Iterator[Step]:
    if state.blocked_by is not None:
        yield Step(at=at, stage="wall", what=f"a wall stood before the page: {state.blocked_by}")
    yield Step(at=at, stage="store", what=f"it is {state.status.value}", because=state.reason)
    if state.last_error is not None:
        error = state.last_error
        what = f"the latest try ended as {error.status.value}; what was known before stays"
        yield Step(at=max(at, iso_time(error.at)), stage="store", what=what, because=error.reason)
    if state.gone_since is not None:
        yield Step(at=iso_time(state.gone_since), stage="store", what="the page is gone; its last metadata stay")


def _page(page: Page, clock: _Clock) -> Iterator[Step]:
    at = iso_time(clock.moment)
    values: dict[str, object] = msgspec.json.decode(page.metadata)
    rules = msgspec.json.decode(page.provenance, type=dict[str, Provenance])
    for name, found in rules.items():
        value = values.get(name)
        shown = "" if value is None else f": {_text(value)[:LONGEST_VALUE]}"
        others = ", ".join(dict.fromkeys(one.rule for one in found.alternatives))
        because = f"the rule {found.rule}" + (f"; {others} had something else to offer" if others else "")
        yield Step(at=at, stage="extract", what=f"{name}{shown}", because=because)
    if page.archived is not None:
        place = f"{page.archived.file} at {page.archived.offset}"
        yield Step(at=at, stage="archive", what=f"its {page.content.length:,} bytes lie in {place}")
    yield Step(at=at, stage="store", what=f"stored as page {page.id}", because=f"from {page.url}")


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _now(state: UrlState) -> Iterator[Step]:
    if state.until is not None:
        yield Step(at=iso_time(state.until), stage="wait", what="it is asked again then", because=state.reason)
    elif state.fresh_until is not None:
        because = "until then a share of it causes no fetch"
        yield Step(at=iso_time(state.fresh_until), stage="fresh", what="it counts as fresh until then", because=because)


def _judged(verdict: Verdict) -> Step:
    matched = verdict.matched
    because = "1 list was asked" if len(verdict.lists) == 1 else f"{len(verdict.lists)} lists were asked"
    if matched is not None:
        because = f"the list {matched.list} names {matched.expression} ({matched.entry})"
    return Step(at=verdict.as_of, stage="verdict", what=f"the verdict is {verdict.verdict}", because=because)


def _host(url: str) -> str:
    try:
        return split(url).host
    except InvalidUrl:
        return url


def _domain(url: str) -> str:
    return registrable_domain(_host(url))
