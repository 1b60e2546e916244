"""A clock that a test moves by hand: wall time and passed time apart, and sleeping moves both at once."""

MS = 1_000_000
NOW_MS = 1_795_000_000_000


class HandClock:
    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.wall_ns = now_ms * MS
        self.passed_ns = 0
        self.slept: list[float] = []

    @property
    def now_ms(self) -> int:
        return self.wall_ns // MS

    def time_ns(self) -> int:
        return self.wall_ns

    def elapsed_ns(self) -> int:
        return self.passed_ns

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds * 1000)

    def advance(self, milliseconds: float) -> None:
        """Time passes."""
        self.wall_ns += round(milliseconds * MS)
        self.passed_ns += round(milliseconds * MS)

    def step(self, milliseconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall_ns += round(milliseconds * MS)
