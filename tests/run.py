"""`make test`: every test but chaos, in two runs whose closing lines are added up.

    python -m tests.run [what pytest takes]

Pure tests run first, one process for each core. Those that start an engine or the product follow on two workers
(`tests/engines/side_by_side.py`); the engines start meanwhile. With arguments, which may select few tests, the
second run is of one process and starts the engines that these are marked with.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from tests.engines.catalogue import ENGINES
from tests.engines.errors import EngineError
from tests.engines.fleet import running_engines
from tests.engines.installer import install
from tests.engines.on_demand import variable

_PURE = ("-n", "auto", "-m", "not chaos and not engine and not e2e")
_WORKERS = 2
"""With 1 the tests come one after another."""
_REST = ("-m", "not chaos and (engine or e2e)")
_CLOSING = re.compile(r"^=* ?(?P<counts>(?:\d+ \w+(?:, )?)+) in (?P<seconds>[\d.]+)s\b")
_COUNT = re.compile(r"(\d+) (\w+)")
_ORDER = ("failed", "passed", "skipped", "xfailed", "xpassed", "warnings", "warning", "errors", "error")
_NOTHING_SELECTED = 5
"""pytest's exit code where no test was selected. https://docs.pytest.org/en/stable/reference/exit-codes.html"""


def main(arguments: list[str]) -> int:
    """The exit code of the first run that failed; where no run found a test, pytest's code for that."""
    try:
        runs = _chosen(arguments) if arguments else _all()
    except EngineError as error:
        print(error)
        return 1
    counts: Counter[str] = Counter()
    seconds = 0.0
    for _, closing in runs:
        if (found := _CLOSING.match(closing)) is not None:
            counts.update({name: int(number) for number, name in _COUNT.findall(found["counts"])})
            seconds += float(found["seconds"])
    told = ", ".join(f"{counts[name]} {name}" for name in _ORDER if counts[name])
    print(f"==== {told or 'no tests ran'} in {seconds:.2f}s ({int(seconds) // 60}:{int(seconds) % 60:02d}) ====")
    codes = [code for code, _ in runs]
    if set(codes) == {_NOTHING_SELECTED}:
        return _NOTHING_SELECTED
    return next((code for code in codes if code not in (0, _NOTHING_SELECTED)), 0)


def _all() -> list[tuple[int, str]]:
    with _starting_engines() as started:
        pure = _run(_PURE)
        return [pure, _run(("-n", str(_WORKERS), "--dist", "loadfile", *_REST), started.result())]


def _chosen(arguments: Sequence[str]) -> list[tuple[int, str]]:
    return [_run((*_PURE, *arguments)), _run(("--start-engines", *_REST, *arguments))]


@contextmanager
def _starting_engines() -> Iterator[Future[Mapping[str, str]]]:
    """All engines, which start in the background and end with the block; the result tells tests where they are."""
    with ExitStack() as running, ThreadPoolExecutor(1) as background:
        yield background.submit(_started, running)


def _started(running: ExitStack) -> Mapping[str, str]:
    """Those that run already are used. Raises EngineError; with CI set, also where an engine cannot be installed."""
    engines = [engine for engine in ENGINES if not os.environ.get(variable(engine.name))]
    failures = install(engines)
    for name, failure in failures.items():
        _say(f"{name.upper()} IS NOT AVAILABLE: {failure}")
    if failures and os.environ.get("CI"):
        raise EngineError("with CI set, no engine may be missing")
    available = [engine for engine in engines if engine.name not in failures]
    fleet = running.enter_context(running_engines(available, report=_say))
    return {name: value for engine in fleet for name, value in engine.environment.items()}


def _run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """pytest's exit code and its closing line, which is the last one that looks like it."""
    colour = "yes" if sys.stdout.isatty() else "no"
    command = [sys.executable, "-m", "pytest", f"--color={colour}", *arguments]
    closing = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(environment or {})}
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
            if _CLOSING.match(plain):
                closing = plain
    return process.returncode, closing


def _say(line: str) -> None:
    print(f"engines: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
