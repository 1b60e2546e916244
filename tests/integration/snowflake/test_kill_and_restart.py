"""Never twice: kill -9, restart, a clock set back at random, two processes with one id."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("minting_process.py")
KILLS = 10 if os.environ.get("CI") else 50


def start(folder: Path, offset_ms: int = 0, worker_id: int = 0) -> subprocess.Popen[str]:
    arguments = [sys.executable, str(SCRIPT), str(folder), str(offset_ms), str(worker_id)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def kill(process: subprocess.Popen[str]) -> list[int]:
    """What it had returned by then."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    whole, _, _ = rest.rpartition("\n")
    return [int(id) for id in whole.split()]


@pytest.mark.timeout(120)
def test_killed_and_restarted_with_the_clock_set_back(tmp_path: Path) -> None:
    """The set of all ids ever returned has no duplicate; a start that could make one is refused or waits."""
    chance = random.Random(20261123)
    ids: list[int] = []
    offset_ms = refused = 0
    for _ in range(KILLS):
        offset_ms += chance.choice([0, 0, -10, -200, -600, 700, -30_000, 31_000])
        process = start(tmp_path, offset_ms)
        line = first_line(process)
        if line.startswith("refused"):
            assert line == "refused clock_behind_high_water\n"
            refused += 1
            process.communicate()
            continue
        ids += [int(id) for id in line.split()]
        for _ in range(chance.randrange(40)):
            ids += [int(id) for id in first_line(process).split()]
        ids += kill(process)
    assert len(ids) == len(set(ids))
    assert len(ids) > KILLS * 40
    assert refused < KILLS


def test_the_second_process_with_the_same_id_is_refused(tmp_path: Path) -> None:
    """By the lock file, while the first one lives; a killed one holds nothing."""
    process = start(tmp_path)
    ids = [int(id) for id in first_line(process).split()]
    second = start(tmp_path)
    assert second.communicate()[0] == "refused worker_id_taken\n"
    ids += kill(process)
    third = start(tmp_path)
    ids += [int(id) for id in first_line(third).split()]
    ids += kill(third)
    assert len(ids) == len(set(ids))


def test_a_paused_process_keeps_its_id(tmp_path: Path) -> None:
    """The lock outlasts SIGSTOP: nobody else gets the id, and it goes on afterwards."""
    process = start(tmp_path)
    ids = [int(id) for id in first_line(process).split()]
    process.send_signal(signal.SIGSTOP)
    assert start(tmp_path).communicate()[0] == "refused worker_id_taken\n"
    process.send_signal(signal.SIGCONT)
    ids += [int(id) for id in first_line(process).split()]
    ids += kill(process)
    assert len(ids) == len(set(ids))
