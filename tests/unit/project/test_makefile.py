"""`make` finds a Python that is new enough, and says so where there is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OLD, NEW = 'case "$1" in --version) echo "Python 3.10.1";; *) exit 1;; esac', "exit 0"
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def made(folder: Path, pythons: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """What make says where these are all the Pythons on the path."""
    for name, script in pythons.items():
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
    venv = folder / "venv"
    command = [str(MAKE), "--no-print-directory", f"VENV={venv}", *arguments, str(venv / ".runtime")]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": str(folder), "HOME": os.environ["HOME"]}, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("pythons", "taken"),
    [
        ({"python3": NEW, "python3.13": NEW}, "python3"),
        ({"python3": OLD, "python3.12": NEW}, "python3.12"),
        ({"python3": OLD, "python3.11": "exit 127", "python3.13": NEW}, "python3.13"),
        ({"python3.14": NEW}, "python3.14"),
    ],
)
def test_the_first_python_that_is_new_enough_is_taken(tmp_path: Path, pythons: dict[str, str], taken: str) -> None:
    assert f"\n{taken} -m venv " in made(tmp_path, pythons, "--dry-run").stdout


@pytest.mark.parametrize("named", [(), ("PYTHON=python3",)])
def test_a_python_that_is_too_old_is_named_with_the_remedy(tmp_path: Path, named: tuple[str, ...]) -> None:
    said = made(tmp_path, {"python3": OLD}, *named)
    assert said.returncode != 0
    assert "SpiderDuck needs Python 3.11 or newer; python3 is Python 3.10.1." in said.stdout
    assert "make PYTHON=/path/to/python3.12" in said.stdout
