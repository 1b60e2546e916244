"""What every builder of this package is given. Each part has one: `open_…`, which returns the part, finished."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from groundwork.clock import Clock
from spiderduck.config import Config


@dataclass(frozen=True, slots=True)
class Composition:
    """`parts` run in this process, which keeps what it has on disk in `folder`. What a builder opens, it puts on
    `stack`, where it is closed in the reverse order."""

    config: Config
    folder: Path
    parts: frozenset[str]
    clock: Clock
    stack: AsyncExitStack
