"""`--start-engines` starts what the selected tests are marked with, and nothing else."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAMPLE = """
import os
import socket
import pytest

@pytest.mark.engine("memcached")
def test_marked():
    host, port = os.environ["SPIDERDUCK_TEST_MEMCACHED"].split(":")
    socket.create_connection((host, int(port)), 5).close()
    print("reached", port)

def test_plain():
    assert "SPIDERDUCK_TEST_MEMCACHED" not in os.environ
"""
pytestmark = pytest.mark.engine("memcached")


def run(tmp_path: Path, *arguments: str, **environment: str) -> str:
    """What pytest prints for the sample, with no engine running at the start."""
    Path(tmp_path, "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SPIDERDUCK_TEST_MEMCACHED")}
    plugins = ["-p", "tests.engines.fixtures", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", os.devnull]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--start-engines", *plugins, "-s", *arguments, str(tmp_path)],
        cwd=ROOT,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_a_marked_test_finds_its_engine_which_is_gone_afterwards(tmp_path: Path) -> None:
    """The engine answers while the test runs, and its port is free after the run."""
    output = run(tmp_path, "-k", "marked")
    assert "engines: starting memcached\n" in output
    assert "1 passed" in output
    port = int(output.partition("reached ")[2].split()[0])
    with socket.socket() as attempt:
        assert attempt.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("choice", [("-k", "plain"), ("-m", "not engine"), ("--collect-only",)])
def test_tests_without_an_engine_start_none(tmp_path: Path, choice: tuple[str, ...]) -> None:
    """Neither by name, nor by marker, nor where tests are only listed."""
    assert "engines:" not in run(tmp_path, *choice)


def test_an_engine_that_runs_already_is_used(tmp_path: Path) -> None:
    """Whoever started one with `python -m tests.engines start` keeps it."""
    output = run(tmp_path, "-k", "marked", SPIDERDUCK_TEST_MEMCACHED="127.0.0.1:1")
    assert "engines:" not in output
    assert "1 failed" in output
