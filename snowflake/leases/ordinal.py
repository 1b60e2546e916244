"""The worker id of a pod of a Kubernetes StatefulSet: the number at the end of its host name.

The cluster runs at most one pod of each ordinal, so that nobody needs to be asked. The folder (a volume that follows
the pod) keeps the high-water time over restarts and holds the lock against a second process in the same pod.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from snowflake.config import MOST_WAIT_MS
from snowflake.errors import BadConfiguration
from snowflake.leases.file import FileLease, HeldFileLease
from snowflake.ports import Clock

_EXAMPLE = "ids-3"


@dataclass(frozen=True, slots=True)
class OrdinalLease:
    """`folder`: on the pod's persistent volume. `workers`: how many worker ids the layout has."""

    folder: Path | str
    datacenter_id: int = 0
    workers: int = 32
    most_wait_ms: int = MOST_WAIT_MS

    def acquire(self, clock: Clock | None = None, environment: Mapping[str, str] | None = None) -> HeldFileLease:
        """Raises `BadConfiguration` for a host name without a usable ordinal, and what `FileLease` raises."""
        worker_id = ordinal(environment if environment is not None else os.environ, self.workers)
        return FileLease(self.folder, (worker_id,), self.datacenter_id, self.most_wait_ms).acquire(clock)


def ordinal(environment: Mapping[str, str], workers: int) -> int:
    """From `HOSTNAME`, which every pod has."""
    name = environment.get("HOSTNAME", "")
    allowed = f"a StatefulSet pod's name that ends in a number from 0 to {workers - 1}"
    found = re.search(r"-([0-9]+)$", name.partition(".")[0])
    if found is None or int(found[1]) >= workers:
        raise BadConfiguration.of("HOSTNAME", name, allowed, _EXAMPLE)
    return int(found[1])
