"""Must this URL be fetched? One rule after the other, in the order of `POLICY`; the first answer counts. Pure.

Asker by the `decide` stage, for the shared URL and for every redirect target.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from schedulers.context import Reused
from schedulers.links import unsupported
from schedulers.model import Failure, Known, Status

ON_THEIR_WAY = frozenset({Status.PENDING, Status.DEFERRED, Status.UNKNOWN})


class Fetch(Enum):
    """The one answer that leads to the network."""

    FETCH = "fetch"


FETCH: Final = Fetch.FETCH

Decision = Fetch | Reused | Failure
"""Fetch it, reuse what is known, or drop it with that failure."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL at the moment of deciding. `refusal` says why it may not be asked for; None where it may."""

    url: str
    known: Known
    refresh: bool
    now: float
    refusal: Callable[[str], Failure | None]


def scheme(candidate: Candidate) -> Decision | None:
    """Drop what is neither http nor https."""
    return unsupported(candidate.url)


def refused(candidate: Candidate) -> Decision | None:
    """Drop what the fetcher would refuse for the same reason, before anything waits for it."""
    return candidate.refusal(candidate.url)


def refresh_asked(candidate: Candidate) -> Decision | None:
    """Fetch where the event asks for a fresh answer."""
    return FETCH if candidate.refresh else None


def recently_fetched(candidate: Candidate) -> Decision | None:
    """Reuse what came to an ending that is still fresh."""
    state = candidate.known.state
    if state is None or state.status in ON_THEIR_WAY or state.fresh_until is None:
        return None
    return Reused(state, candidate.known.page) if state.fresh_until > candidate.now else None


POLICY: tuple[Callable[[Candidate], Decision | None], ...] = (
    scheme,  # what is no web address is never fetched, not even by force
    refused,  # nor is what the operator forbids, nor what a fetch would spend
    refresh_asked,  # before freshness, because it exists to override that
    recently_fetched,  # last: the only one that needs what the store knows
)


def decide(candidate: Candidate) -> Decision:
    """The first answer, or FETCH."""
    for rule in POLICY:
        if (decision := rule(candidate)) is not None:
            return decision
    return FETCH
