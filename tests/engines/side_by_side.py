"""Tests with engines on two workers (`-n 2 --dist loadfile`): which share a worker, and which have the machine alone.

The engines run once for all; each test names keyspaces, queues and paths of its own in them. A file stays on one
worker, and so does a folder whose tests share a cluster. A test marked `alone` measures memory or pauses, or counts
what an engine is asked, which neighbours would spoil: it begins when the other workers' tests are over, and theirs wait
for its end.
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SHARED = ("tests/e2e/cluster/",)
"""Folders whose tests share what takes long to start."""


class ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in SHARED if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Where files stay together; pure tests are dealt out one by one."""
    return ByFile(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: the time for which a test waits is not of its own timeout
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if not hasattr(item.config, "workerinput") or item.config.option.dist != "loadfile":
        return (yield)
    with turn(item.config.rootpath / ".pytest_cache", alone=item.get_closest_marker("alone") is not None):
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
