"""Toxiproxy, built from its Go module: cuts, slows and half-opens the links between a process and an engine.

The tests talk to its HTTP interface through `toxics.py`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines import go_module
from tests.engines.model import Command
from tests.engines.probes import ask

_VERSION = "v2.12.0"


class Toxiproxy:
    name = "toxiproxy"
    requirements = go_module.REQUIREMENTS
    port_count = 1

    def fetch(self, cache: Path) -> None:
        go_module.fetch("github.com/Shopify/toxiproxy/v2/cmd/server", _VERSION, self._binary(cache))

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        argv = [str(self._binary(cache)), "-host", "127.0.0.1", "-port", str(ports[0])]
        return [Command("toxiproxy", argv, {"LOG_LEVEL": "error"})]

    def answers(self, ports: Sequence[int]) -> bool:
        return b" 200 " in ask(ports[0], b"GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n")

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_TOXIPROXY": f"http://127.0.0.1:{ports[0]}"}

    def _binary(self, cache: Path) -> Path:
        return cache / "bin" / f"toxiproxy-{_VERSION}"
