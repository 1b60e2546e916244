"""Did the operator forbid this domain?"""

from schedulers.model import Settled, Status
from schedulers.policy.decision import Asked, Decision, Verdict


def blocked_domain(asked: Asked) -> Decision | None:
    """DROP what the fetcher would refuse for the same reason, before anything waits for it."""
    reason = asked.is_blocked(asked.url)
    if reason is None:
        return None
    status = Status.BLOCKED_DOMAIN
    return Decision(Verdict.DROP, Settled(status, status.value, reason))
