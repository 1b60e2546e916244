"""Settings of webhooks, with defaults and units. Frozen; `validate()` says which value is wrong."""

from dataclasses import dataclass, field

MINUTE, HOUR = 60.0, 3600.0
PAUSES = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""The schedule of the Standard Webhooks specification: ten attempts in three days."""
SHORTEST_KEY = 16
LONGEST_PAUSE = 30 * 24 * HOUR


@dataclass(frozen=True, slots=True)
class WebhooksConfig:
    """At most `most` webhooks. Behind a failed attempt the next is made after `retry_after_s` seconds, one figure for
    each attempt but the first.

    Their secrets are kept encrypted with the first of `keys`; the others open what they encrypted earlier. Empty, a key
    is made in the data folder; in a cluster every API process needs the same.
    """

    keys: tuple[str, ...] = field(default=(), repr=False)
    most: int = 100
    retry_after_s: tuple[float, ...] = PAUSES

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds (never a key) and what it takes."""
        if any(len(key) < SHORTEST_KEY for key in self.keys):
            raise ValueError(f"webhooks.keys holds a key that is too short; each takes {SHORTEST_KEY} characters")
        if not 0 <= self.most <= 1000:
            raise ValueError(f"webhooks.most is {self.most}; it takes a number from 0 to 1000")
        if not all(0 < pause <= LONGEST_PAUSE for pause in self.retry_after_s) or len(self.retry_after_s) > 50:
            raise ValueError("webhooks.retry_after_s takes at most 50 figures, seconds above 0 and up to 30 days")
