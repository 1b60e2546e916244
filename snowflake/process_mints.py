"""The bare generators of this process: those of one worker id share one mint, so that they cannot repeat one another.

Asked by `generator.py` alone. State of the process, since the promise is the process's; empty until the first bare
generator, and never larger than the worker ids in use.
"""

import threading
from collections.abc import Callable

from snowflake.config import GeneratorConfig
from snowflake.errors import WorkerIdTaken
from snowflake.minting import Mint
from snowflake.ports import Lease

_lock = threading.Lock()
_mints: dict[tuple[int, int], tuple[GeneratorConfig, Mint]] = {}


def shared_mint(lease: Lease, config: GeneratorConfig, make: Callable[[], Mint]) -> Mint:
    """Raises `WorkerIdTaken` where the same worker id is in use with other settings, for the two could collide."""
    key = (lease.datacenter_id, lease.worker_id)
    with _lock:
        known = _mints.get(key)
        if known is not None and known[1].belongs_here:
            if known[0] != config:
                raise WorkerIdTaken(
                    f"worker {key[1]} of datacenter {key[0]} mints in this process with other settings ({known[0]}); "
                    "use the same, or another worker id"
                )
            return known[1]
        mint = make()
        _mints[key] = (config, mint)
        return mint
