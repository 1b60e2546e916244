"""Does the event ask for a fresh fetch?"""

from schedulers.policy.decision import FETCH, Asked, Decision


def refresh_asked(asked: Asked) -> Decision | None:
    """FETCH where it does."""
    return FETCH if asked.refresh else None
