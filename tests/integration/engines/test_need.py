"""A test that needs an engine is skipped by name where none runs, and fails where CI promised one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MARKED = "import pytest\n@pytest.mark.engine('rabbitmq')\ndef test_it():\n    pass\n"
BY_FIXTURE = "def test_it(rabbitmq_url):\n    pass\n"


def run(tmp_path: Path, source: str, **environment: str) -> str:
    Path(tmp_path, "test_sample.py").write_text(source, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith("SPIDERDUCK_TEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "tests.engines.fixtures", "-p", "no:cacheprovider", "-rs"]
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # this sample needs none, and starts in half the time
    result = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path)],
        cwd=ROOT,
        env={**kept, **plugins, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout


@pytest.mark.parametrize("source", [MARKED, BY_FIXTURE])
def test_a_missing_engine_skips_by_name(tmp_path: Path, source: str) -> None:
    """The reason names the engine and the variable."""
    output = run(tmp_path, source)
    assert "1 skipped" in output
    assert "rabbitmq does not run here: SPIDERDUCK_TEST_RABBITMQ is not set" in output


@pytest.mark.parametrize("source", [MARKED, BY_FIXTURE])
def test_a_missing_engine_fails_in_ci(tmp_path: Path, source: str) -> None:
    """With CI set nothing is skipped: the test is an error that says what is missing."""
    output = run(tmp_path, source, CI="true")
    assert "1 error" in output
    assert "rabbitmq does not run here" in output


@pytest.mark.parametrize("source", [MARKED, BY_FIXTURE])
def test_a_running_engine_lets_the_test_run(tmp_path: Path, source: str) -> None:
    """The variable alone decides."""
    assert "1 passed" in run(tmp_path, source, CI="true", SPIDERDUCK_TEST_RABBITMQ="amqp://127.0.0.1:1//")


def test_an_unknown_engine_is_an_error(tmp_path: Path) -> None:
    """A marker with a misspelt name never passes as a skip."""
    assert "no engine is called 'rabitmq'" in run(tmp_path, MARKED.replace("rabbitmq", "rabitmq"))
