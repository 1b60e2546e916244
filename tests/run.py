"""`make test`: every test but chaos, in two runs whose closing lines are added up.

    python -m tests.run [what pytest takes]

Tests of pure code run side by side, one process for each core. Those that start an engine or the product come after
them, one at a time: they measure memory and watch for pauses, which neighbours would spoil.
"""

import re
import subprocess
import sys
from collections import Counter

_PHASES = (
    ("-n", "auto", "-m", "not chaos and not engine and not e2e"),
    ("--start-engines", "-m", "not chaos and (engine or e2e)"),
)
_CLOSING = re.compile(r"^=* ?(?P<counts>(?:\d+ \w+(?:, )?)+) in (?P<seconds>[\d.]+)s\b")
_COUNT = re.compile(r"(\d+) (\w+)")
_ORDER = ("failed", "passed", "skipped", "xfailed", "xpassed", "warnings", "warning", "errors", "error")
_NOTHING_SELECTED = 5
"""pytest's exit code where no test was selected. https://docs.pytest.org/en/stable/reference/exit-codes.html"""


def main(arguments: list[str]) -> int:
    """The exit code of the first run that failed; where no run found a test, pytest's code for that."""
    counts: Counter[str] = Counter()
    seconds = 0.0
    codes = []
    for phase in _PHASES:
        code, closing = _run([*phase, *arguments])
        codes.append(code)
        if (found := _CLOSING.match(closing)) is not None:
            counts.update({name: int(number) for number, name in _COUNT.findall(found["counts"])})
            seconds += float(found["seconds"])
    told = ", ".join(f"{counts[name]} {name}" for name in _ORDER if counts[name])
    print(f"==== {told or 'no tests ran'} in {seconds:.2f}s ({int(seconds) // 60}:{int(seconds) % 60:02d}) ====")
    if set(codes) == {_NOTHING_SELECTED}:
        return _NOTHING_SELECTED
    return next((code for code in codes if code not in (0, _NOTHING_SELECTED)), 0)


def _run(arguments: list[str]) -> tuple[int, str]:
    """pytest's exit code and its closing line, which is the last one that looks like it."""
    colour = "yes" if sys.stdout.isatty() else "no"
    command = [sys.executable, "-m", "pytest", f"--color={colour}", *arguments]
    closing = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
            if _CLOSING.match(plain):
                closing = plain
    return process.returncode, closing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
