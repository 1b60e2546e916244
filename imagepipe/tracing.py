"""How an answer came about: which tiers were asked, what they said, and how long each part took."""

from dataclasses import dataclass, field
from functools import lru_cache

from imagepipe.ports import Clock


@dataclass(slots=True)
class Trace:
    """Steps in order, each with the milliseconds since the one before."""

    clock: Clock
    steps: list[tuple[str, float]] = field(default_factory=list)
    _since: float = 0.0

    def __post_init__(self) -> None:
        self._since = self.clock.monotonic()

    def add(self, step: str) -> None:
        """`step` is over."""
        now = self.clock.monotonic()
        self.steps.append((step, (now - self._since) * 1000))
        self._since = now

    def note(self, step: str) -> None:
        """`step` was passed on the way to the one that is added next, which has all the time."""
        self.steps.append((step, 0.0))

    @property
    def text(self) -> str:
        """For `X-Pipeline-Trace`."""
        return " > ".join(name for name, _ in self.steps)

    @property
    def server_timing(self) -> str:
        """For `Server-Timing` (W3C): names are tokens, durations in milliseconds."""
        return ", ".join(f"{_token(name)};dur={spent:.1f}" for name, spent in self.steps)


@lru_cache(256)
def _token(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
