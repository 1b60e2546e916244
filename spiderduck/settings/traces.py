"""Settings of traces, with defaults and units. Frozen; `validate()` says which value is wrong."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TracesConfig:
    """Spans go to the collector at `endpoint` (OTLP over HTTP, e.g. http://collector:4318/v1/traces; empty: none are
    recorded), with `headers`. Kept are a `share` of all traces, and all work that failed or took `slow_s` seconds."""

    endpoint: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    share: float = 0.1
    slow_s: float = 10.0

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds (never a header) and what it takes."""
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError(
                f"traces.endpoint is {self.endpoint!r}; it takes an address such as http://collector:4318/v1/traces"
            )
        if not 0.0 <= self.share <= 1.0:
            raise ValueError(f"traces.share is {self.share}; it takes a number from 0 to 1")
        if self.slow_s <= 0:
            raise ValueError(f"traces.slow_s is {self.slow_s}; it takes seconds above 0")
