"""Starts engines side by side, waits until each answers, and stops exactly those again (READ FIRST).

`running_engines` is the whole story: a temporary folder, a warden, launch all, wait for all, hand over, kill all. Data
is thrown away afterwards, so the end is a kill: nothing has to be saved, and nothing can hang.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.engines.errors import DidNotStart
from tests.engines.installer import cache_folder
from tests.engines.model import Engine
from tests.engines.ports import free_ports
from tests.engines.running import RunningEngine

_POLL_SECONDS = 0.05
# Cassandra is ready after 7 s on an idle machine; beside tests that keep every core busy it takes far longer.
START_SECONDS = 240.0


@contextmanager
def running_engines(
    engines: Sequence[Engine], report: Callable[[str], None] = lambda line: None, patience: float = START_SECONDS
) -> Iterator[list[RunningEngine]]:
    """Start the (installed) engines, yield them once all answer, stop them. Raises DidNotStart after `patience`
    seconds."""
    folder = Path(tempfile.mkdtemp(prefix="spiderduck-engines-"))
    with warden() as tell:
        tell(f"remove {folder}")
        fleet = [_place(engine, folder, tell) for engine in engines]
        try:
            for member in fleet:
                member.launch()
            wait(fleet, report, patience)
            yield fleet
        finally:
            for member in fleet:
                member.kill()
            shutil.rmtree(folder, ignore_errors=True)


def wait(
    fleet: Sequence[RunningEngine], report: Callable[[str], None] = lambda line: None, patience: float = START_SECONDS
) -> None:
    """Return when all answer. One that ended early (a port was taken meanwhile) is started once more."""
    began = time.monotonic()
    retried: set[str] = set()
    waiting = list(fleet)
    while waiting:
        for member in tuple(waiting):
            if member.answers():
                waiting.remove(member)
                report(f"{member.name} answers after {time.monotonic() - began:.1f} s")
            elif member.has_ended():
                _retry(member, retried)
            elif time.monotonic() - began > patience:
                raise DidNotStart(f"{member.name} did not answer within {patience:.0f} s\n{member.log_tail()}")
        if waiting:
            time.sleep(_POLL_SECONDS)


def _place(engine: Engine, folder: Path, tell: Callable[[str], None]) -> RunningEngine:
    return RunningEngine(engine, cache_folder(), folder / engine.name, free_ports(engine.port_count), tell)


def _retry(member: RunningEngine, retried: set[str]) -> None:
    if member.name in retried:
        raise DidNotStart(f"{member.name} ended while it started\n{member.log_tail()}")
    retried.add(member.name)
    member.kill()
    member.move(free_ports(len(member.ports)))
    member.launch()


@contextmanager
def warden() -> Iterator[Callable[[str], None]]:
    """Yields what tells the warden a line (see `warden.py`); whatever it was told to watch ends with this process."""
    script = Path(__file__).with_name("warden.py")
    process = subprocess.Popen(
        [sys.executable, "-I", str(script)], stdin=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdin is not None
    pipe = process.stdin

    def tell(line: str) -> None:
        pipe.write(line + "\n")
        pipe.flush()

    try:
        yield tell
    finally:
        pipe.close()
        process.wait()
