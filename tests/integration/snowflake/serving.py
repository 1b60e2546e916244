"""Real id servers for tests: `python -m snowflake serve` as processes of their own, on free ports of loopback."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """Started by the constructor; `ready` waits until it serves."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._folder = folder
        self._said = ""
        self.launch()

    def launch(self) -> None:
        arguments = [sys.executable, "-m", "snowflake", "serve", "--port", str(self.port), *self._options]
        environment = {**os.environ, "SNOWFLAKE_STATE": str(self._folder)}
        self._process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    async def ready(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(20):
            while True:
                if self._process.poll() is not None:
                    raise RuntimeError(f"the server ended: {self.stop()}")
                try:
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> str:
        """What it said on standard error. Twice does no harm."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        if self._process.stderr is not None and not self._process.stderr.closed:
            self._said = self._process.communicate()[1].decode()
        return self._said

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()
