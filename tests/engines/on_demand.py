"""`--start-engines`: pytest starts the engines that the selected tests are marked with, and no other.

They start side by side after collection, when `-k`, `-m` and paths have made their choice, and are stopped at the end
of the run. An engine whose variable is set already (`python -m tests.engines start … -- pytest`) is used as it is.
"""

import os
from collections.abc import Iterable
from contextlib import ExitStack

import pytest

from tests.engines.catalogue import NAMES, select
from tests.engines.errors import EngineError
from tests.engines.fleet import running_engines
from tests.engines.installer import install


def variable(name: str) -> str:
    """The environment variable that says where the engine is."""
    return f"SPIDERDUCK_TEST_{name.upper()}"


def wanted(items: Iterable[pytest.Item]) -> list[str]:
    """The engines that these tests are marked with and that do not run yet, in the order of the catalogue."""
    marked = {name for item in items for marker in item.iter_markers("engine") for name in marker.args}
    return [name for name in NAMES if name in marked and not os.environ.get(variable(name))]


class EnginesOnDemand:
    """Registered as a plugin where `--start-engines` is given."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._running = ExitStack()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start what the selected tests need. Where CI is set, an engine that is missing ends the run."""
        names = [] if self._config.option.collectonly else wanted(session.items)
        if not names:
            return
        self._say(f"starting {', '.join(names)}")
        try:
            failures = install(select(names))
            for name, failure in failures.items():
                self._say(f"{name.upper()} IS NOT AVAILABLE: {failure}")
            if failures and os.environ.get("CI"):
                pytest.exit("with CI set, no engine may be missing", returncode=1)
            startable = [engine for engine in select(names) if engine.name not in failures]
            fleet = self._running.enter_context(running_engines(startable, report=self._say))
        except EngineError as error:
            pytest.exit(str(error), returncode=1)
        for engine in fleet:
            os.environ.update(engine.environment)

    def pytest_unconfigure(self) -> None:
        """Stop what was started."""
        self._running.close()

    def _say(self, line: str) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line(f"engines: {line}")
