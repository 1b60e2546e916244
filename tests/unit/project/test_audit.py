"""`make audit` tells a clean answer from no answer."""

import importlib.util
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PLACE = Path(__file__).parents[3] / "scripts" / "audit.py"
GOOD = {"name": "duck", "version": "1.0", "vulns": []}
SKIPPED = {"name": "goose", "skip_reason": "not found there"}
BAD = {"name": "swan", "version": "2.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.2"]}]}


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([GOOD], 0, "1 packages, and no known vulnerability"),
        ([GOOD, BAD], 1, "swan 2.1: PYSEC-1, mended in 2.2"),
        ([BAD, SKIPPED], 1, "swan 2.1: PYSEC-1, mended in 2.2"),
        ([GOOD, SKIPPED], 2, "1 of 2 packages are not known there"),
        ([], 2, "0 of 0 packages are not known there"),
    ],
)
def test_what_an_answer_means(audit: ModuleType, packages: list[dict[str, Any]], code: int, said: str) -> None:
    """A package that was not looked up is not clean; one that is vulnerable is said in any case."""
    assert audit.judge(packages) == (code, [said])


def test_a_database_that_cannot_be_reached_is_said(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of them, with the reason; then nothing is known, and the exit code says so."""
    tool = tmp_path / "pip-audit"
    tool.write_text("#!/bin/sh\necho 'no address for the database' >&2\nexit 1\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert audit.main(["some.txt"]) == 2
    told = capsys.readouterr().out
    assert "nothing is known of them" in told
    assert "osv: no address for the database" in told
    assert "pypi: no address for the database" in told
