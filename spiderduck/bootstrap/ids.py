"""Ids of the embedded product: a worker id from a lock file in the data folder, so that two starts never mint alike."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snowflake import FileLease, Generator
from snowflake.ports import Lease
from snowflake.service.server import route_handlers

BRIDGE_MS = 1000
"""A clock set back by less is bridged in logical time, so that a small correction stops no page; ids stay k-sorted."""


@dataclass(frozen=True, slots=True)
class IdParts:
    """The generator, and the calls that give its ids to others."""

    generator: Generator
    routes: Sequence[Any]


async def open_ids(folder: Path, stack: AsyncExitStack) -> IdParts:
    """Waits up to half a second after a crash. Raises `SnowflakeError` where no worker id is to be had."""
    lease = await asyncio.to_thread(_acquire, folder)
    generator = Generator(lease=lease, bridge_ms=BRIDGE_MS)
    stack.push_async_callback(asyncio.to_thread, generator.close)
    return IdParts(generator, route_handlers(generator))


def _acquire(folder: Path) -> Lease:
    folder.mkdir(exist_ok=True)
    return FileLease(folder).acquire()
