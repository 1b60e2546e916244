"""Starts and stops the processes of one installation. Used by `make up-cluster` and by the end-to-end tests.

What it started ends with it, however it ends (`tests/engines/warden.py`).
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.chaos.cluster.supervisor import Supervised
from tests.cluster.settings import Installation
from tests.engines.fleet import warden

PROCESSES = {
    "ids-1": "ids",
    "fetcher-1": "fetchers",
    "fetcher-2": "fetchers",
    "images-1": "images",
    "scheduler-1": "schedulers",
    "scheduler-2": "schedulers",
    "api-1": "api",
    "api-2": "api",
}
"""Each with its part, in an order in which nobody waits long for another; any other order works too."""
MIGRATE_SECONDS = 120


@contextmanager
def processes(installation: Installation) -> Iterator[Mapping[str, Supervised]]:
    """Made, not started. At the end of the block each that still runs is killed."""
    with warden() as tell:
        made = {
            name: Supervised(
                name,
                part,
                installation.ports[name],
                installation.folder / name,
                _environment(installation, name),
                tell,
            )
            for name, part in PROCESSES.items()
        }
        try:
            yield made
        finally:
            for one in made.values():
                one.resume()
                one.kill()


def migrate(installation: Installation) -> subprocess.CompletedProcess[str]:
    """Make the schema, as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "spiderduck", "migrate"],
        env=_environment(installation, "migrate"),
        capture_output=True,
        text=True,
        check=False,
        timeout=MIGRATE_SECONDS,
    )


def _environment(installation: Installation, process: str) -> dict[str, str]:
    """Nothing of ours is inherited: the installation says everything."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPIDERDUCK_")}
    return inherited | installation.environment(process)
