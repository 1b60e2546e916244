"""The command line: `python -m tests.engines install|start [NAME…] [-- COMMAND…]`, run at the project's root.

    make test         python -m tests.engines start -- python -m pytest
    one engine        python -m tests.engines start rabbitmq -- python -m pytest tests/contract
    by hand           eval-able `export` lines on standard output, engines until Ctrl-C: python -m tests.engines start

Messages go to standard error, so that the command's own last line stays the last one on standard output.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence

from tests.engines import lifetime
from tests.engines.catalogue import NAMES, select
from tests.engines.errors import EngineError
from tests.engines.fleet import running_engines
from tests.engines.installer import install
from tests.engines.model import Engine


def main(arguments: Sequence[str]) -> int:
    parent = os.getppid()
    own, command = _split(arguments)
    options = _parser().parse_args(own)
    lifetime.raise_on_signals()
    try:
        lifetime.end_with_parent(parent)
        available = _install(select(options.names))
        if available is None:
            return 1
        return 0 if options.action == "install" else _start(available, command)
    except EngineError as error:
        _say(str(error))
        return 1
    except lifetime.Stopped as stopped:
        return stopped.exit_code


def _install(engines: Sequence[Engine]) -> Sequence[Engine] | None:
    """The engines that can run here; None where one is missing and must not be."""
    failures = install(engines)
    needed = bool(os.environ.get("CI"))
    for name, failure in failures.items():
        _say(f"{name.upper()} IS NOT AVAILABLE, {'and must be' if needed else 'its tests are skipped'}: {failure}")
    if failures and needed:
        _say("with CI set, no engine may be missing")
        return None
    return [engine for engine in engines if engine.name not in failures]


def _start(engines: Sequence[Engine], command: Sequence[str]) -> int:
    with running_engines(engines, report=_say) as fleet:
        environment = {name: value for engine in fleet for name, value in engine.environment.items()}
        try:
            if command:
                return lifetime.run(command, environment)
            for name, value in environment.items():
                print(f"export {name}={shlex.quote(value)}", flush=True)
            _say("running until Ctrl-C")
            signal.pause()
            return 0
        finally:
            lifetime.ignore_signals()


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    if "--" not in arguments:
        return arguments, []
    at = list(arguments).index("--")
    return arguments[:at], arguments[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("install", "start"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all where none is named: {', '.join(NAMES)}")
    return parser


def _say(line: str) -> None:
    print(f"engines: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
