"""Settings of the durable queues of notices, with units. Frozen; `validate()` says which value is wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueuesConfig:
    """At most `most` durable queues. One that nobody read for `unused_days` is deleted; 0 keeps them for ever.

    On a broker, a queue holds `most_notices` at most and then loses its oldest; embedded, a queue is a position in the
    log, which `retention.notices_days` bounds.
    """

    most: int = 100
    unused_days: float = 30.0
    most_notices: int = 1_000_000

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        for name in ("most", "most_notices"):
            if getattr(self, name) < 1:
                raise ValueError(f"queues.{name} is {getattr(self, name)}; it takes a number above 0")
        if not 0 <= self.unused_days <= 3650:
            raise ValueError(f"queues.unused_days is {self.unused_days}; it takes days from 0 (for ever) to 3650")
