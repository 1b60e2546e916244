"""Which ends for other programs are switched on (docs/how-to/previews-elsewhere.md)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompatConfig:
    """All are off by default. `wait_ms` is how long such a call waits for a link that nobody has shared yet: these
    clients do not ask twice. `mcp` is the model context protocol, which needs the extra `mcp`."""

    oembed: bool = False
    summaly: bool = False
    matrix: bool = False
    mastodon: bool = False
    mcp: bool = False
    wait_ms: int = 8_000
