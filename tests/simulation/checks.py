"""What must hold at the end of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schedulers.model import UrlState


class Told(NamedTuple):
    """A notice that went out, at a moment of the loop's time."""

    id: str
    outcome: str
    at: float


def violations(
    shares: Mapping[str, str],
    attempted: Mapping[str, str],
    notices: Sequence[Told],
    states: Mapping[str, UrlState],
    *,
    once: bool,
) -> list[str]:
    """`shares`: what was accepted, as id of its notice and the key of its URL; `attempted`: all that was sent, whether
    or not anybody said that it was accepted. `once`: nothing happened that excuses a notice that is told again."""
    told = Counter(notice.id for notice in notices)
    found = [f"lost: nobody was told how {key} ended" for identity, key in shares.items() if identity not in told]
    found += [f"lost: {shares[identity]} has no ending" for identity in shares if _is_open(states, shares[identity])]
    found += [f"invented: {notice.id}, {notice.outcome}" for notice in notices if notice.id not in attempted]
    if once:
        found += [
            f"twice: {attempted.get(one, one)} was told {count} times" for one, count in told.items() if count > 1
        ]
    return found


def _is_open(states: Mapping[str, UrlState], key: str) -> bool:
    state = states.get(key)
    return state is None or state.status in ("pending", "deferred")
