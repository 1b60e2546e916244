"""What an engine is to the starter: what it needs, how it is fetched, which commands run it, how it says "ready".

The one port of this package; each engine file implements it, `installer.py` and `running.py` are its callers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Requirement:
    """A program that must be there, and the Debian package that brings it."""

    program: str
    package: str


@dataclass(frozen=True)
class Command:
    """One process of an engine. `environment` is added to the caller's."""

    label: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """One engine. Objects are stateless: cache folder, data folder and ports come in as arguments."""

    @property
    def name(self) -> str:
        """The word used on the command line, in the marker `engine(name)` and in messages."""
        ...

    @property
    def requirements(self) -> Sequence[Requirement]:
        """Programs from the system's packages, installed in one go for all engines."""
        ...

    @property
    def port_count(self) -> int:
        """How many free loopback ports `commands` needs; zero for a tool that is no server."""
        ...

    def fetch(self, cache: Path) -> None:
        """Bring into `cache` what no system package has. Quick when already there; raises CannotInstall."""
        ...

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        """Write settings into the (existing, perhaps used) `folder` and return the processes to start, in order."""
        ...

    def answers(self, ports: Sequence[int]) -> bool:
        """True when a client would be served now. An unreachable server is False, never an exception."""
        ...

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        """The variables that point the tests at it."""
        ...
