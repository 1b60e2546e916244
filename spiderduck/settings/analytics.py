"""Rows for analytics (docs/how-to/analytics.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AnalyticsConfig:
    """`write`: every fetch and every share is a row in Parquet, which needs the extra `analytics`; in a cluster one API
    process writes. Without `url` the files lie in the data folder; `url` is any address of fsspec, to which `options`
    go as they are. A file is written when `flush_rows` rows were gathered, or `flush_seconds` after the first."""

    write: bool = False
    url: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    flush_seconds: float = 60.0
    flush_rows: int = 50_000

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if "@" in self.url.partition("://")[2].partition("/")[0]:
            raise ValueError("analytics.url holds a user or password; these go into analytics.options")
        if self.flush_seconds < 0:
            raise ValueError(f"analytics.flush_seconds is {self.flush_seconds}; it takes a number of seconds from 0 up")
        if not 1 <= self.flush_rows <= 1_000_000:
            raise ValueError(f"analytics.flush_rows is {self.flush_rows}; it takes a number from 1 to 1000000")
