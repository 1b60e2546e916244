"""The bar of commands: who sees it, and when."""

import io
import sys
import threading

import pytest

from spiderduck.cli import progress
from spiderduck.cli.progress import quiet_with_json, working


class Terminal(io.StringIO):
    """Standard error, where a person looks."""

    def __init__(self, *, is_one: bool = True) -> None:
        super().__init__()
        self._is_one = is_one
        self.told = threading.Event()

    def isatty(self) -> bool:
        return self._is_one

    def write(self, text: str) -> int:
        written = super().write(text)
        if "30 of 100" in self.getvalue():
            self.told.set()
        return written


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    quiet_with_json(False)
    return monkeypatch


def test_a_person_at_a_terminal_sees_what_is_done_and_how_far_it_is(at_once: pytest.MonkeyPatch) -> None:
    """It is gone at the end, and a block inside of another shows no second line."""
    terminal = Terminal()
    at_once.setattr(sys, "stderr", terminal)
    with working("opening") as tell:
        tell("reading\x1b]0;title\x07 records", 30, 100)
        with working("waiting for the server") as inner:
            inner("not shown")
        assert terminal.told.wait(10)
    shown = terminal.getvalue()
    assert "reading" in shown
    assert "\x1b]0;" not in shown, "a name is no order to the terminal"
    assert "server" not in shown
    assert "not shown" not in shown
    assert shown.endswith("\x1b[2K"), "the line is erased"


@pytest.mark.parametrize(("is_terminal", "as_json"), [(False, False), (True, True)])
def test_programs_see_nothing(at_once: pytest.MonkeyPatch, is_terminal: bool, as_json: bool) -> None:
    terminal = Terminal(is_one=is_terminal)
    at_once.setattr(sys, "stderr", terminal)
    assert quiet_with_json(as_json) is as_json
    with working("opening") as tell:
        tell("reading", 30, 100)
    assert terminal.getvalue() == ""


def test_what_is_over_soon_shows_nothing(at_once: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    at_once.setattr(progress, "SHOWN_AFTER", 3600.0)
    at_once.setattr(sys, "stderr", terminal)
    with working("opening"):
        pass
    assert terminal.getvalue() == ""
