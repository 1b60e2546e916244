"""A process that outlives the starter by a moment: when the starter is gone, however it ended, it kills what is left.

It reads lines `watch PID`, `forget PID` (a negative number is a process group) and `remove FOLDER` from its standard
input, whose other end only the starter holds. The end of that stream is the starter's end, also after `kill -9`.
Run by `fleet.py` as a plain script; its one rule: it touches nothing that it was not told about.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable


def main(lines: Iterable[str]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: set[int] = set()
    folders: set[str] = set()
    for line in lines:
        word, _, value = line.rstrip("\n").partition(" ")
        if word == "watch":
            watched.add(int(value))
        elif word == "forget":
            watched.discard(int(value))
        elif word == "remove":
            folders.add(value)
    for process in watched:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.stdin)
