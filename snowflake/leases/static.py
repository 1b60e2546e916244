"""A worker id that the configuration names. The second process of this machine that names the same one is refused.

The lock and the high-water time lie in one folder for the whole machine, so that all who name ids meet there. Other
machines are not asked: two machines with one number collide, which the ordinal and the ZooKeeper lease rule out.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from snowflake.config import MOST_WAIT_MS
from snowflake.leases.file import FileLease, HeldFileLease
from snowflake.ports import Clock

_MACHINE_FOLDER = Path("/var/lib/snowflake")


@dataclass(frozen=True, slots=True)
class StaticLease:
    """`worker_id` of `datacenter_id`. `folder`: where all processes of the machine meet; by default what
    `machine_folder` says. `most_wait_ms`: how long a start waits for an earlier holder's time."""

    worker_id: int
    datacenter_id: int = 0
    folder: Path | str | None = None
    most_wait_ms: int = MOST_WAIT_MS

    def acquire(self, clock: Clock | None = None) -> HeldFileLease:
        """Raises `WorkerIdTaken`, `ClockBehindHighWater`, `LeaseCorrupt`, `LeaseUnavailable`."""
        folder = self.folder or machine_folder(os.environ)
        return FileLease(folder, (self.worker_id,), self.datacenter_id, self.most_wait_ms).acquire(clock)


def machine_folder(environment: Mapping[str, str]) -> Path:
    """`SNOWFLAKE_STATE`, else /var/lib/snowflake where it may be written, else the user's own state folder.

    It must outlive a reboot, which /tmp and /run do not. The last is one folder for each user: give different users one
    `SNOWFLAKE_STATE`.
    """
    if named := environment.get("SNOWFLAKE_STATE"):
        return Path(named)
    if os.access(_MACHINE_FOLDER, os.W_OK):
        return _MACHINE_FOLDER
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "snowflake"
