"""Node.js with npm, for the TypeScript client that is generated from the OpenAPI document: a tool, not a server."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines.model import Command, Requirement
from tests.engines.programs import require


class Node:
    name = "node"
    requirements = (Requirement("node", "nodejs"), Requirement("npm", "npm"))
    port_count = 0

    def fetch(self, cache: Path) -> None:
        """Nothing beyond the packages."""

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        return []

    def answers(self, ports: Sequence[int]) -> bool:
        return True

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_NODE": require("node")}
