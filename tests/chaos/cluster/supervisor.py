"""Our processes under test: each is `python -m spiderduck up --only …` with a data folder and a port of its own.

Used by `conductor.py`, which does to them what the plan says. What was started here ends with this process, however
it ends (`tests/engines/warden.py`).
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

START_SECONDS = 60.0
STOP_SECONDS = 10.0
"""Promised: every process is gone ten seconds after SIGTERM."""
SPARE_SECONDS = 1.0
"""For a machine that is busy with all the others."""


@dataclass
class Supervised:
    """One of them. `misbehaved` notes every end of its own, and every SIGTERM that was not obeyed in time or not
    with exit code 0."""

    name: str
    part: str
    port: int
    folder: Path
    environment: Mapping[str, str]
    tell: Callable[[str], None]
    process: subprocess.Popen[bytes] | None = None
    misbehaved: list[str] = field(default_factory=list)
    starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def command(self) -> Sequence[str]:
        """As an operator starts it; everything else is in the environment."""
        up = [sys.executable, "-m", "spiderduck", "up", "--only", self.part]
        return [*up, "--port", str(self.port), "--data", str(self.folder / "data")]

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Return at once; `ready` says when it works."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.starts += 1
        self.tell(f"watch {-self.process.pid}")

    def kill(self) -> None:
        """As a crash."""
        self._signal(signal.SIGKILL)
        self._reap()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    async def stop(self) -> int:
        """SIGTERM; returns the exit code, after a kill where it does not go. Python itself ends by the
        signal before it has begun."""
        if self.has_ended():
            self.fell()
        if self.process is None:
            return 0
        told = time.monotonic()
        self._signal(signal.SIGTERM)
        try:
            code = await asyncio.to_thread(self.process.wait, 3 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        took = time.monotonic() - told
        if code not in (0, -signal.SIGTERM) or took > STOP_SECONDS + SPARE_SECONDS:
            self.misbehaved.append(f"{self.name} ended {took:.1f} s after SIGTERM with exit code {code}")
        self.kill()
        return -signal.SIGKILL if code is None else code

    def fell(self) -> None:
        """Note that it ended by itself."""
        assert self.process is not None
        self.misbehaved.append(f"{self.name} ended by itself with exit code {self.process.returncode}")
        self._reap()

    def has_ended(self) -> bool:
        """True when it ended without having been told to."""
        return self.process is not None and self.process.poll() is not None

    async def ready(self, client: httpx.AsyncClient, seconds: float = START_SECONDS) -> None:
        """Return when `/readyz` says so."""
        said = "nothing"
        try:
            async with asyncio.timeout(seconds):
                while True:
                    assert not self.has_ended(), f"{self.name} ended while it started\n{self.tail()}"
                    try:
                        answer = await client.get(f"{self.url}/readyz")
                    except httpx.HTTPError as error:
                        said = repr(error)
                    else:
                        if answer.status_code == 200:
                            return
                        said = answer.text
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(
                f"{self.name} is not ready after {seconds:.0f} s, /readyz: {said}\n{self.tail()}"
            ) from None

    def tail(self, lines: int = 30) -> str:
        """The end of its log, for a person."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def resident_bytes(self) -> int:
        """RSS of the process."""
        assert self.process is not None
        return resident_bytes(self.process.pid)

    def cpu_seconds(self) -> float:
        """User and system time since it was started."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def _reap(self) -> None:
        if self.process is not None:
            self.process.wait()
            self.tell(f"forget {-self.process.pid}")
            self.process = None


def resident_bytes(process: int) -> int:
    """RSS of that process."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


async def all_ready(processes: Sequence[Supervised], seconds: float = START_SECONDS) -> None:
    """Return when each of them is. Raises AssertionError for the first that is not in time."""
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        for one in processes:
            await one.ready(client, seconds)
