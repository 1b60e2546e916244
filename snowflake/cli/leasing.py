"""From the command line's options to a worker id: which lease is meant. Used by `commands.py`.

Options that contradict one another are refused, with the ones to choose from.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from snowflake.errors import BadConfiguration
from snowflake.leases.file import FileLease, HeldFileLease
from snowflake.leases.ordinal import OrdinalLease
from snowflake.leases.registered import HeldRegisteredLease, RegisteredLease
from snowflake.leases.static import StaticLease, machine_folder


@dataclass(frozen=True, slots=True)
class LeaseOptions:
    """As given; at most one of `worker_id`, `ordinal` and `zookeeper`."""

    worker_id: int | None = None
    datacenter_id: int = 0
    folder: Path | None = None
    ordinal: bool = False
    zookeeper: str | None = None
    url: str = ""

    def acquire(self) -> HeldFileLease | HeldRegisteredLease:
        """Raises `SnowflakeError`."""
        ways = [self.worker_id is not None, self.ordinal, self.zookeeper is not None]
        if sum(ways) > 1:
            raise BadConfiguration("choose one of --worker-id, --ordinal and --zookeeper, for example --worker-id 1")
        folder = self.folder or machine_folder(os.environ)
        if self.zookeeper is not None:
            # kazoo comes with the extra `cluster`: only who asks for it needs it.
            from snowflake.leases.zookeeper import ZooKeeperLease

            terms = RegisteredLease(datacenter_id=self.datacenter_id, url=self.url)
            return ZooKeeperLease(self.zookeeper, terms).acquire()
        if self.ordinal:
            return OrdinalLease(folder, self.datacenter_id).acquire()
        if self.worker_id is not None:
            return StaticLease(self.worker_id, self.datacenter_id, folder).acquire()
        return FileLease(folder, datacenter_id=self.datacenter_id).acquire()
