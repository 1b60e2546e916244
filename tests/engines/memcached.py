"""memcached from Debian's package. Keeps nothing on disk; `kill` and `launch` give an empty one, as in life."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines.model import Command, Requirement
from tests.engines.probes import ask
from tests.engines.programs import require


class Memcached:
    name = "memcached"
    requirements = (Requirement("memcached", "memcached"),)
    port_count = 1

    def fetch(self, cache: Path) -> None:
        """Nothing: Debian's package is complete."""

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        # `-U 0`: no UDP. `-u root` is asked for by name where root starts it, and is without effect elsewhere.
        argv = [require("memcached"), "-l", "127.0.0.1", "-p", str(ports[0]), "-U", "0", "-m", "64", "-u", "root"]
        return [Command("memcached", argv)]

    def answers(self, ports: Sequence[int]) -> bool:
        return ask(ports[0], b"version\r\n").startswith(b"VERSION")

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_MEMCACHED": f"127.0.0.1:{ports[0]}"}
