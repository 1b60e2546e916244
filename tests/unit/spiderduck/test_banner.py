"""What a person sees first works as it stands there."""

import subprocess
from pathlib import Path

import pytest

from spiderduck.cli.up import banner, command


def test_the_command_is_one_that_can_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from a terminal that knows nothing of the environment."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert Path(command()).is_absolute()
    said = subprocess.run([command(), "--help"], capture_output=True, text=True, check=True, timeout=30)
    assert "lookup" in said.stdout
    lines = banner("http://127.0.0.1:8080", Path("data"), "Bot/1.0 (+https://example.com/bot)")
    assert f"  {command()} watch" in lines


def test_a_known_command_is_called_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = tmp_path / "spiderduck"
    known.write_text("#!/bin/sh\n")
    known.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command() == "spiderduck"
