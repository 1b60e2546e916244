"""Must this URL be fetched? One question per file, asked in the order of `POLICY`; the first answer counts.

Pure: `Asked` in, `Decision` out. Asked by the `crawl_decider` stage for the shared URL and for every redirect target.
"""

from collections.abc import Callable

from schedulers.policy.blocked_domain import blocked_domain
from schedulers.policy.decision import FETCH, Asked, Decision, Verdict
from schedulers.policy.recently_fetched import recently_fetched
from schedulers.policy.refresh_asked import refresh_asked
from schedulers.policy.scheme import scheme

Question = Callable[[Asked], Decision | None]

POLICY: tuple[Question, ...] = (
    scheme,  # what is no web address is never fetched, not even by force
    blocked_domain,  # nor is what the operator forbids
    refresh_asked,  # before freshness, because it exists to override that
    recently_fetched,  # last: the only one that needs what the store knows
)


def decide(asked: Asked) -> Decision:
    """The first answer, or FETCH."""
    for question in POLICY:
        if (decision := question(asked)) is not None:
            return decision
    return FETCH


__all__ = ["POLICY", "Asked", "Decision", "Verdict", "decide"]
