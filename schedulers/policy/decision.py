"""What the policy is asked, and what it can answer."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from schedulers.model import Settled, UrlState


class Verdict(Enum):
    """FETCH it; REUSE what is known; DROP it with the ending that `Decision.settled` names."""

    FETCH = "fetch"
    REUSE = "reuse"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Asked:
    """A URL at the moment of deciding."""

    url: str
    state: UrlState | None
    refresh: bool
    now: float
    is_blocked: Callable[[str], str | None]
    """Why the URL may not be asked for; None where it may."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, and how it ends where it is no FETCH."""

    verdict: Verdict
    settled: Settled | None = None


FETCH = Decision(Verdict.FETCH)
