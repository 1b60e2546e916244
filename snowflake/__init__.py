"""Unique, time-sorted 63-bit ids as a library, a command (`python -m snowflake`) and a service.

Start at `generator.py`. The package imports nothing of the other parts of this project and can be installed alone.
"""

from datetime import datetime

from snowflake.generator import Generator
from snowflake.layout import Decoded, Layout
from snowflake.leases.file import FileLease
from snowflake.leases.static import StaticLease

__all__ = ["Decoded", "FileLease", "Generator", "Layout", "StaticLease", "decode", "max_id_at", "min_id_at"]

_DEFAULT = Layout()


def decode(id: int | str) -> Decoded:
    """What `id` says by the default layout, which tweet ids have too. Raises `snowflake.errors.InvalidId`."""
    return _DEFAULT.decode(id)


def min_id_at(time: datetime | float) -> int:
    """The lowest id of the default layout at `time` (a datetime with a zone, or Unix seconds)."""
    return _DEFAULT.min_id_at(time)


def max_id_at(time: datetime | float) -> int:
    """The highest id of the default layout at `time` (a datetime with a zone, or Unix seconds)."""
    return _DEFAULT.max_id_at(time)
