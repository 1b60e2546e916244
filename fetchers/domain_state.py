"""How a domain is treated at the moment, for people: told by the fetcher that owns it, in its process or over HTTP."""

import msgspec

from fetchers.domain_slot import FOREVER


class DomainState(msgspec.Struct, omit_defaults=True):
    """The limits that hold; requests in the queue; moments (epoch seconds) where something holds the next one back."""

    per_second: float
    burst: int
    parallel: int
    waiting: int = 0
    in_flight: int = 0
    next_turn: float | None = None
    backoff_until: float | None = None
    crawl_delay: float | None = None


def moment(value: float, now: float) -> float | None:
    """None for what is over and for what never comes."""
    return value if now < value < FOREVER else None
