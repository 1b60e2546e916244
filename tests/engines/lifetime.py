"""Ties the starter's life to what it depends on: its parent, the signals it gets, the command it runs."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # prctl(2)
# A command that was told to end gets this long before it is ended; the product itself promises ten seconds.
_COMMAND_GRACE_SECONDS = 20


class Stopped(BaseException):
    """A signal asked for the end. Unwinds through everything, as KeyboardInterrupt does."""

    def __init__(self, number: int):
        super().__init__(number)
        self.exit_code = 128 + number


def end_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM when the parent dies (Linux; elsewhere a terminal's hang-up has to do)."""
    _ask_for_parent_death_signal()
    if os.getppid() != parent:  # it died before the line above
        raise Stopped(signal.SIGTERM)


def raise_on_signals() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP raise Stopped in the main thread, once; later ones are ignored."""

    def stop(number: int, frame: FrameType | None) -> None:
        ignore_signals()
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def ignore_signals() -> None:
    """So that the engines are stopped in peace."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command on this terminal and return its exit code, 128 + n after signal n. A signal to us ends it too."""
    try:
        # The command must not outlive us either, were we to be killed outright. No thread runs here: a fork is safe.
        process = subprocess.Popen(
            list(command), env={**os.environ, **environment}, preexec_fn=_ask_for_parent_death_signal
        )
    except OSError as error:
        print(f"engines: cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        code = process.wait()
    except Stopped as stopped:
        _end(process, signal.Signals(stopped.exit_code - 128))
        raise
    return code if code >= 0 else 128 - code


def _ask_for_parent_death_signal() -> None:
    if sys.platform.startswith("linux"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # Ctrl-C at a terminal has reached the command already, and a second one would cut its own cleaning up short.
    if not (number == signal.SIGINT and sys.stdin.isatty()):
        process.send_signal(number)
    try:
        process.wait(_COMMAND_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
