"""`spiderduck export` and `import`, from settings to the store and a file."""

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from spiderduck.bootstrap.offline import Offline, opened
from spiderduck.config import Config
from spiderduck.takedowns.in_force import InForce
from spiderduck.takedowns.model import Takedown, moved
from spiderduck.takedowns.ports import TakedownStore
from spiderduck.transfer.lines import BadExport, End, PageLine, StateLine, encode
from spiderduck.transfer.moving import Moved, lines_of, take_over

LONGEST_LINE = 16 * 1024 * 1024
STEP = 200
Step = Callable[[Moved], None]


async def export(config: Config, file: str, step: Step) -> Moved:
    """`file` "-" is standard output; one that ends in `.gz` is compressed. It is there when it is whole, in the place
    of one that was there. Raises `StoreUnavailable`, `OSError`."""
    states = pages = 0
    async with opened(config) as offline:
        with _opened(file, "wb") as target:
            async for line in lines_of(_Source(offline), offline.clock.now(), await offline.takedowns.all()):
                target.write(encode(line) + b"\n")
                states += isinstance(line, StateLine)
                pages += isinstance(line, PageLine)
                if isinstance(line, End) or (states + pages) % STEP == 0:
                    step(Moved(states, pages))
    return Moved(states, pages)


async def import_(config: Config, file: str, step: Step) -> Moved:
    """As `export`. Raises `BadExport` too."""
    async with opened(config) as offline:
        with _opened(file, "rb") as source:
            taken_down = _TakenDown(offline.takedowns)
            await taken_down.load()
            return await take_over(offline.imports, taken_down, _lines(source), step)


def _lines(source: IO[bytes]) -> Iterator[bytes]:
    try:
        while line := source.readline(LONGEST_LINE):
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadExport(f"the file is damaged or was cut short: {error}") from error


@contextmanager
def _opened(file: str, mode: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdout.buffer if mode == "wb" else sys.stdin.buffer
        return
    path = target = Path(file)
    if mode == "wb" and (path.is_file() or not path.exists()):  # else it is a pipe, say
        path = path.with_name(f"{path.name}.part")
    opened_file = gzip.open(path, mode, compresslevel=3) if target.suffix == ".gz" else path.open(mode)  # noqa: SIM115
    with opened_file as found:
        yield found  # type: ignore[misc]
    if path != target:
        os.replace(path, target)


class _TakenDown:
    """The `TakenDown` port, over the list of takedowns."""

    def __init__(self, store: TakedownStore) -> None:
        self._store = store
        self._in_force = InForce()

    async def load(self) -> None:
        self._in_force.put_all(await self._store.all())

    async def add(self, takedown: Takedown) -> None:
        await self._store.change(takedown.id, partial(moved, order=takedown))
        await self.load()

    def is_gone(self, key: str) -> bool:
        return self._in_force.of_key(key) is not None


class _Source:
    """The store, read through both of its ports."""

    def __init__(self, offline: Offline) -> None:
        self.walk = offline.flow.walk
        self.known = offline.records.known
        self.history = offline.records.history
