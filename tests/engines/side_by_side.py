"""Tests with engines on two workers (`-n 2 --dist loadfile`): what runs beside what, and what runs alone.

One worker gets all tests that lean on the shared engines, which would slow one another down until requests time out.
The other gets the tests that start the product, file by file; who is done first helps. A test marked `alone` measures
memory or pauses, or counts what an engine is asked, which neighbours would spoil, and a whole cluster leaves neighbours
no time: such a test begins when the other worker's test is over, and that worker's next one waits for its end.
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

PRODUCT = "tests/e2e/"
CLUSTER = "tests/e2e/cluster/"


class ByLane(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.startswith(PRODUCT) and not file.startswith(CLUSTER) else "engines"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Where files stay together; pure tests are dealt out one by one."""
    return ByLane(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: the time for which a test waits is not of its own timeout
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if not hasattr(item.config, "workerinput") or item.config.option.dist != "loadfile":
        return (yield)
    alone = item.get_closest_marker("alone") is not None or item.nodeid.startswith(CLUSTER)
    with turn(item.config.rootpath / ".pytest_cache", alone=alone):
        return (yield)


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Shared, where not alone. All pass the gate one after another, so that whoever waits to be alone comes next."""
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        gate, machine = (stack.enter_context((folder / name).open("a")) for name in ("gate.lock", "machine.lock"))
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
