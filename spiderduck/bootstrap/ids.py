"""Ids of the embedded product: a worker id from a lock file in the data folder, so that two starts never mint alike."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snowflake.leases.file import FileLease
from snowflake.service.server import route_handlers

from snowflake import Generator


@dataclass(frozen=True, slots=True)
class IdParts:
    """The generator, and the calls that give its ids to others."""

    generator: Generator
    routes: Sequence[Any]


async def open_ids(folder: Path, stack: AsyncExitStack) -> IdParts:
    """Raises the package's `SnowflakeError` where no worker id is to be had."""
    generator = Generator(lease=FileLease(folder))
    stack.callback(generator.close)
    return IdParts(generator, route_handlers(generator))
