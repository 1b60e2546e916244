"""Is it a web address at all?"""

from schedulers.model import Settled, Status
from schedulers.policy.decision import Asked, Decision, Verdict


def scheme(asked: Asked) -> Decision | None:
    """DROP what is neither http nor https."""
    if asked.url.startswith(("http://", "https://")):
        return None
    name = asked.url.partition(":")[0]
    status = Status.UNSUPPORTED_SCHEME
    return Decision(
        Verdict.DROP, Settled(status, status.value, f"only http and https are fetched, and this is {name}:")
    )
