"""The starter passes the command's ending on and leaves nothing behind, however it is ended itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine("memcached")

ROOT = Path(__file__).parents[3]
STARTER = [sys.executable, "-m", "tests.engines", "start", "memcached"]
TELL_PORT = [sys.executable, "-c", "import os; print(os.environ['SPIDERDUCK_TEST_MEMCACHED'], flush=True)"]
TELL_PORT_AND_WAIT = [*TELL_PORT[:2], TELL_PORT[2] + "; import signal; signal.pause()"]
DEADLINE_SECONDS = 20


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def serves(address: str) -> bool:
    host, _, port = address.strip().removeprefix("export SPIDERDUCK_TEST_MEMCACHED=").rpartition(":")
    with socket.socket() as attempt:
        return attempt.connect_ex((host, int(port))) == 0


def folders(temporary: Path) -> list[Path]:
    return list(temporary.glob("spiderduck-engines-*"))


def started(arguments: list[str], temporary: Path) -> tuple[subprocess.Popen[str], str]:
    """A starter that has printed the engine's address."""
    environment = {**os.environ, "TMPDIR": str(temporary)}
    starter = subprocess.Popen(
        [*STARTER, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert starter.stdout is not None
    address = starter.stdout.readline()
    assert serves(address)
    return starter, address


def finish(starter: subprocess.Popen[str]) -> int:
    starter.communicate(timeout=DEADLINE_SECONDS)
    return starter.returncode


def test_the_commands_exit_code_is_the_starters(tmp_path: Path) -> None:
    """`start … -- COMMAND` ends as the command ended, its output untouched, and the engine is gone."""
    command = [*TELL_PORT[:2], TELL_PORT[2] + "; raise SystemExit(7)"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    result = subprocess.run(
        [*STARTER, "--", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 7
    assert result.stdout.startswith("127.0.0.1:")
    assert not serves(result.stdout)
    assert folders(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("arguments", [[], ["--", *TELL_PORT_AND_WAIT]], ids=["foreground", "with a command"])
def test_a_signal_ends_everything(tmp_path: Path, arguments: list[str], number: signal.Signals) -> None:
    """After SIGINT or SIGTERM the engine, its data and the command are gone, and the exit code names the signal."""
    starter, address = started(arguments, tmp_path)
    starter.send_signal(number)
    assert finish(starter) == 128 + number
    assert not serves(address)
    assert folders(tmp_path) == []


def test_a_killed_starter_leaves_nothing(tmp_path: Path) -> None:
    """After `kill -9` the warden ends the engine and removes its data; the pipe's end shows that the command went."""
    starter, address = started(["--", *TELL_PORT_AND_WAIT], tmp_path)
    starter.kill()
    assert finish(starter) == -signal.SIGKILL
    assert eventually(lambda: not serves(address))
    assert eventually(lambda: folders(tmp_path) == [])


def test_the_starter_ends_with_its_parent(tmp_path: Path) -> None:
    """A shell that dies takes the starter and its engine along."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    shell = subprocess.Popen(
        ["sh", "-c", '"$@" & wait', "sh", *STARTER],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert shell.stdout is not None
    address = shell.stdout.readline()
    assert serves(address)
    shell.kill()
    finish(shell)
    assert eventually(lambda: not serves(address))
    assert eventually(lambda: folders(tmp_path) == [])


def test_a_command_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """The exit code is a shell's, 127, with the name in the message and no traceback."""
    result = subprocess.run([*STARTER, "--", "no-such-command"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 127
    assert "no-such-command" in result.stderr
    assert "Traceback" not in result.stderr
