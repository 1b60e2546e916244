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


@dataclass(frozen=True, slots=True)
class IdParts:
    """The generator, and the calls that give its ids to others."""

    generator: Generator
    routes: Sequence[Any]


async def open_ids(folder: Path, stack: AsyncExitStack) -> IdParts:
    """Waits up to half a second after a crash. Raises `SnowflakeError` where no worker id is to be had."""
    lease = await asyncio.to_thread(_acquire, folder)
    generator = Generator(lease=lease)
    stack.push_async_callback(asyncio.to_thread, generator.close)
    return IdParts(generator, route_handlers(generator))


def _acquire(folder: Path) -> Lease:
    folder.mkdir(exist_ok=True)
    return FileLease(folder).acquire()
