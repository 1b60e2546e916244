"""Tests on two workers: those marked `alone` overlap with none, and are not put off by others that keep coming."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event, Lock

from tests.engines.side_by_side import turn


class Machine:
    """Counts who is on it; `alone` must be the only one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._here: list[bool] = []
        self.overlapped = False

    @contextmanager
    def used(self, *, alone: bool) -> Iterator[None]:
        with turn(self._folder, alone=alone):
            with self._lock:
                self._here.append(alone)
                self.overlapped |= len(self._here) > 1 and any(self._here)
            yield
            with self._lock:
                self._here.remove(alone)


def test_tests_share_the_machine(tmp_path: Path) -> None:
    machine, met = Machine(tmp_path), Barrier(2, timeout=30)

    def share() -> None:
        with machine.used(alone=False):
            met.wait()

    with ThreadPoolExecutor(2) as workers:
        for done in [workers.submit(share) for _ in range(2)]:
            done.result()


def test_who_wants_to_be_alone_is_and_comes_at_once(tmp_path: Path) -> None:
    machine, over = Machine(tmp_path), Event()

    def keep_coming() -> None:
        while not over.is_set():
            with machine.used(alone=False):
                pass

    with ThreadPoolExecutor(2) as workers:
        coming = [workers.submit(keep_coming) for _ in range(2)]
        try:
            for _ in range(20):
                with machine.used(alone=True):
                    pass
        finally:
            over.set()
        for done in coming:
            done.result(30)
    assert not machine.overlapped
