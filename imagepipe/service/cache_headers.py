"""How long others may keep an answer: `Cache-Control` (RFC 9111; RFC 5861 for what is stale). Pure."""

from dataclasses import dataclass

from imagepipe.config import PipelineConfig
from imagepipe.model import VariantResult

SHORTLY = 60
"""Seconds for an answer that is not the last word, an old picture or one that stands in: long enough to spare the
origin, short enough to see it come back."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, and when the signed address is over (both epoch seconds; None: never)."""

    now: float
    over_at: int | None = None

    @property
    def left(self) -> float:
        """Seconds for which the address may still be used."""
        return float("inf") if self.over_at is None else max(0.0, self.over_at - self.now)


def cache_control(config: PipelineConfig, found: VariantResult, moment: Moment, *, stands_in: bool) -> bytes:
    """The header's value. `stands_in`: the picture is shown in place of an error."""
    left = moment.left
    if stands_in:
        return b"public, max-age=%d" % min(SHORTLY, left)
    if found.preview or found.storage == "nobody":
        return b"no-store"
    until = found.stale_at - moment.now
    if found.storage == "client":
        return b"private, max-age=%d" % max(0.0, min(until, left))
    fresh = int(min(SHORTLY if until <= 0 else until, config.max_fresh_seconds, left))
    old = max(0.0, -until)  # seconds by which it is stale already
    revalidate = int(min(max(0.0, config.stale_while_revalidate - old), left - fresh))
    on_error = int(min(max(0.0, config.stale_if_error - old), left - fresh))
    return b"public, max-age=%d, stale-while-revalidate=%d, stale-if-error=%d" % (fresh, revalidate, on_error)
