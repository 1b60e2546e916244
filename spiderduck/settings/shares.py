"""Counting shares, and what is trending (docs/concepts/shares.md)."""

from dataclasses import dataclass

from fetchers.blocked_domains import BlockedDomains


@dataclass(frozen=True, slots=True)
class SharesConfig:
    """`count`: log who shared what and when, for `shares` on records and cards and for trends."""

    count: bool = True


@dataclass(frozen=True, slots=True)
class TrendsConfig:
    """Fewer than `threshold` sharers are no trend. `deny` are domains and hosts that never trend, with everything below
    them; neither does what a list blocks."""

    threshold: int = 5
    deny: tuple[str, ...] = ()

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if not 1 <= self.threshold <= 1_000_000:
            raise ValueError(f"trends.threshold is {self.threshold}; it takes a number from 1 to 1000000")
        try:
            BlockedDomains(self.deny)
        except ValueError as error:
            raise ValueError(f"trends.deny: {error}") from error


@dataclass(frozen=True, slots=True)
class RechecksConfig:
    """A page that was shared `shares_an_hour` times in the last hour or more is fetched again sooner than its freshness
    says, but not within `least_seconds` of the last time. 0 switches it off."""

    shares_an_hour: int = 20
    least_seconds: float = 900.0

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.shares_an_hour < 0:
            raise ValueError(f"rechecks.shares_an_hour is {self.shares_an_hour}; it takes a number from 0 (off) up")
        if self.least_seconds < 0:
            raise ValueError(f"rechecks.least_seconds is {self.least_seconds}; it takes seconds, 0 or more")
