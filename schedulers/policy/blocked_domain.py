"""Did the operator forbid this domain?"""

from schedulers.model import Settled, Status
from schedulers.policy.decision import Asked, Decision, Verdict


def blocked_domain(asked: Asked) -> Decision | None:
    """DROP what a rule of `schedulers.blocked_domains` names."""
    rule = asked.is_blocked(asked.url)
    if rule is None:
        return None
    status = Status.BLOCKED_DOMAIN
    return Decision(Verdict.DROP, Settled(status, status.value, f"the setting schedulers.blocked_domains names {rule}"))
