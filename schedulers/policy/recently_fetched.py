"""Was it fetched not long ago?"""

from schedulers.model import REUSED, Settled, Status
from schedulers.policy.decision import Asked, Decision, Verdict

ON_THEIR_WAY = frozenset({Status.PENDING, Status.DEFERRED, Status.UNKNOWN})


def recently_fetched(asked: Asked) -> Decision | None:
    """REUSE what came to an ending that is still fresh."""
    state = asked.state
    if state is None or state.status in ON_THEIR_WAY or state.fresh_until is None or state.fresh_until <= asked.now:
        return None
    return Decision(Verdict.REUSE, Settled(state.status, REUSED, state.reason))
