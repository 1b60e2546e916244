"""One engine that runs: its processes, ports and data. Can be paused, killed and started again on the same data.

Made by `fleet.py`. Each process leads a session of its own, so that Ctrl-C at the terminal reaches the tests first and
a kill reaches every process that an engine's start script leaves behind.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.engines.model import Engine

_LOG_LINES_SHOWN = 15


class RunningEngine:
    def __init__(self, engine: Engine, cache: Path, folder: Path, ports: Sequence[int], tell: Callable[[str], None]):
        self.engine = engine
        self.name = engine.name
        self.folder = folder
        self._cache = cache
        self._tell = tell
        self._processes: list[subprocess.Popen[bytes]] = []
        self.move(ports)

    def move(self, ports: Sequence[int]) -> None:
        """Use these ports from the next `launch` on."""
        self.ports = tuple(ports)
        self.environment: Mapping[str, str] = self.engine.environment(self._cache, self.ports)

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.ports[0])

    def launch(self) -> None:
        """Start the processes and return at once; `fleet.wait` says when they answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for command in self.engine.commands(self._cache, self.folder, self.ports):
            with Path(self.folder, f"{command.label}.log").open("ab") as log:
                process = subprocess.Popen(
                    list(command.argv),
                    cwd=self.folder,
                    env={**os.environ, **command.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._tell(f"watch {-process.pid}")
            self._processes.append(process)

    def answers(self) -> bool:
        return self.engine.answers(self.ports)

    def has_ended(self) -> bool:
        """True when a process of it is gone without having been told to go."""
        return any(process.poll() is not None for process in self._processes)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is answered, as in a long garbage collection."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power cut would; its data stays for the next `launch`. Twice does no harm."""
        self._signal(signal.SIGKILL)
        for process in self._processes:
            process.wait()
            self._tell(f"forget {-process.pid}")
        self._processes.clear()

    def log_tail(self) -> str:
        """The end of its logs, for a message to a person."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
            parts.append("\n".join([f"--- {path.name}", *lines]))
        return "\n".join(parts)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                continue  # its whole group has ended by itself
