"""Chromium, for the tests of the console's pages: a tool, not a server."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines.model import Command, Requirement
from tests.engines.programs import require


class Chromium:
    name = "chromium"
    requirements = (Requirement("chromium", "chromium"),)
    port_count = 0

    def fetch(self, cache: Path) -> None:
        """Nothing beyond the package."""

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        return []

    def answers(self, ports: Sequence[int]) -> bool:
        return True

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_CHROMIUM": require("chromium")}
