"""An engine that cannot be had is named, with what a person can do; with CI set that is the end."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.engines import __main__ as command_line
from tests.engines import apt, installer
from tests.engines.errors import CannotInstall
from tests.engines.model import Command, Requirement


class Bare:
    """An engine that needs nothing and is no server."""

    name = "bare"
    requirements: Sequence[Requirement] = ()
    port_count = 0

    def fetch(self, cache: Path) -> None:
        """Nothing to fetch."""

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        return []

    def answers(self, ports: Sequence[int]) -> bool:
        return True

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {}


class NeedsAProgram(Bare):
    name = "needy"
    requirements = (Requirement("no-such-program-anywhere", "no-such-package"),)


class CannotBeFetched(Bare):
    name = "far"

    def fetch(self, cache: Path) -> None:
        raise CannotInstall("Go could not build it: no route")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user without root and sudo, with a cache of their own."""
    real = shutil.which
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "sudo" else real(name, path=path))
    monkeypatch.setenv("SPIDERDUCK_TEST_ENGINES_CACHE", str(tmp_path))


def test_what_is_there_is_not_installed_again() -> None:
    """Without anything missing no package tool is asked, whoever calls."""
    apt.install([Requirement("sh", "dash")])
    assert installer.install([Bare()]) == {}


def test_without_root_the_message_gives_the_command() -> None:
    """The reason is there, and what to type."""
    failure = installer.install([Bare(), NeedsAProgram()])["needy"]
    assert "apt-get" in str(failure)
    assert "no-such-package" in str(failure)


def test_one_engine_that_fails_leaves_the_others() -> None:
    """Each is judged by itself."""
    assert installer.install([CannotBeFetched(), NeedsAProgram(), Bare()]).keys() == {"far", "needy"}


def test_a_missing_engine_is_skipped_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name, in capitals; the rest goes on."""
    monkeypatch.delenv("CI", raising=False)
    bare = Bare()
    assert command_line._install([bare, CannotBeFetched()]) == [bare]
    assert "FAR IS NOT AVAILABLE, its tests are skipped: Go could not build it: no route" in capsys.readouterr().err


def test_in_ci_a_missing_engine_is_the_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing starts and the exit code tells."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(command_line, "select", lambda names: [Bare(), CannotBeFetched()])
    monkeypatch.setattr(command_line.lifetime, "raise_on_signals", lambda: None)
    monkeypatch.setattr(command_line.lifetime, "end_with_parent", lambda parent: None)
    assert command_line.main(["start", "--", "echo", "never"]) == 1
    assert "with CI set, no engine may be missing" in capsys.readouterr().err
